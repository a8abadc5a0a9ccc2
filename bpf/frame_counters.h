/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What the programs count that do nothing else with a frame, and where those that see an skb do it. */
#ifndef PKTBENCH_FRAME_COUNTERS_H
#define PKTBENCH_FRAME_COUNTERS_H

#include "counters.h"

/*
 * Writer: the program; one instance per slot and CPU where the map is per CPU. Of a frame, `packets` is
 * written last and read first: see pb_queue_counters.
 */
struct pb_frame_counters {
	__u64 packets;
	__u64 bytes; /* from the Ethernet header on, without FCS */
};

#ifdef __bpf__
/* For a map per CPU. Two adds. */
static __always_inline void pb_count_frame(struct pb_frame_counters *c, __u32 bytes)
{
	c->bytes += bytes;
	barrier();
	c->packets++;
}
#endif

/* Slot 0: no queue was recorded, or one above PB_MAX_QUEUES. Slot n + 1: queue n. */
#define PB_QUEUE_SLOTS (PB_MAX_QUEUES + 1)

/* The kernel records queue n as n + 1, and 0 is none. */
static inline __attribute__((always_inline)) __u32 pb_queue_slot(__u32 queue_mapping)
{
	return queue_mapping < PB_QUEUE_SLOTS ? queue_mapping : 0;
}

#endif
