/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Counters that BPF programs write and user space reads. */
#ifndef PKTBENCH_COUNTERS_H
#define PKTBENCH_COUNTERS_H

#ifndef __bpf__
#include <linux/types.h>
#endif

/* A frame on a queue above this is counted nowhere and shows up as unaccounted. */
#define PB_MAX_QUEUES 64

/* One instance per queue and CPU. Writer: the program on that CPU. */
struct pb_queue_counters {
	__u64 packets;
	__u64 bytes; /* without FCS */
};

#endif
