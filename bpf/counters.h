/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Counters that BPF programs write and user space reads; all fields are words of 64 bits. */
#pragma once

#include <linux/types.h>

/* A frame on a queue above this is counted nowhere and shows up as unaccounted. */
#define PB_MAX_QUEUES 64

/*
 * What a workload made of a frame, one to a frame. It says where the frame goes, too: PB_PASSED goes on
 * to the stack, PB_REFLECTED back to where it came from, PB_FORWARDED out of another device, all others
 * are dropped.
 */
enum pb_outcome {
	PB_OK,        /* parsed, or counted by its source */
	PB_MALFORMED, /* cut short, or a field contradicts the frame */
	PB_OTHER,     /* sound as far as it was read, but not what the workload is about */
	PB_PASSED,
	PB_FILTERED, /* its port is in the set */
	PB_REFLECTED,
	PB_TABLE_FULL, /* a new source address, and no room for it */
	PB_FORWARDED,
	PB_NO_PORT, /* it was to be forwarded, and there is no device to forward it to */
	PB_OUTCOMES,
};

/*
 * One instance per queue and CPU. Writer: the program on that CPU. Of a frame, `packets` is written last
 * and read first (the kernel copies values from their beginning on), so that nothing else of a packet that
 * is counted is missing.
 */
struct pb_queue_counters {
	__u64 packets;
	__u64 bytes;                 /* without FCS */
	__u64 outcomes[PB_OUTCOMES]; /* sum: packets, or 0 for workloads that decide nothing */
	__u64 addresses;             /* entered into the table of source addresses */
};

/*
 * What programs count that do nothing else with a frame. One instance per slot and CPU where the map is per
 * CPU. Writer: the program. Of a frame, `packets` is written last and read first: see pb_queue_counters.
 */
struct pb_frame_counters {
	__u64 packets;
	__u64 bytes; /* from the Ethernet header on, without FCS */
};

/* Of programs that see an skb. Slot 0: no queue was recorded, or one above PB_MAX_QUEUES. Slot n + 1: queue n. */
#define PB_QUEUE_SLOTS (PB_MAX_QUEUES + 1)

/* Of xdp_forward.bpf.c. One instance per CPU. Writer: the program on that CPU, once a flush. */
struct pb_out_counters {
	__u64 taken;   /* frames that the driver of the way out took */
	__u64 refused; /* frames that it did not take, and that the kernel freed */
};

/* Of xsk_redirect.bpf.c. One instance per queue and CPU. Writer: the program on that CPU. */
struct pb_xsk_counters {
	__u64 redirected; /* handed to the queue's socket, which may still drop them */
	__u64 no_socket;  /* dropped: no socket takes this queue */
};

/* Of reflect_sink.bpf.c. One instance per CPU. Writer: the program on that CPU. */
struct pb_sink_counters {
	__u64 packets; /* of this trial, addressed to this device */
	__u64 strays;  /* test frames of another trial, or addressed to another device */
};
