/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Memory shared between the xdp-live generator's program and user space. */
#pragma once

#include <linux/types.h>

/* Times are in nanoseconds shifted left by this, so that 10 Mpps still paces to 0.001%. */
#define PB_RATE_SHIFT 12

/*
 * The rest of what a receiver may have written to: frames come back into the generator's pool with
 * whatever was made of them: a workload that sends frames back exchanges addresses in place, and one that
 * forwards them lets them live less. All as they lie in the frame.
 */
struct pb_live_addresses {
	__u64 macs;      /* bytes 0 to 7 */
	__u32 macs_rest; /* bytes 8 to 11 */
	__u32 daddr;
	__u16 dport;
	__u16 ttl; /* with the protocol; of IPv4 */
};

/* Writer: user space. Reader: the program. On its own cache line. */
struct pb_live_control {
	__u32 gate;       /* 0: frames are dropped before they are sent */
	__u32 epoch;      /* changed with every new limit */
	__u64 limit;      /* frames to send in this epoch */
	__u64 interval_q; /* time between bursts; 0: as fast as possible */
} __attribute__((aligned(64)));

/* Writer: the program, on one CPU. Reader: user space. */
struct pb_live_state {
	__u64 sent; /* frames redirected into the device */
	__u64 idle; /* calls that sent nothing because the gate was shut or the limit reached */
	__u64 remaining;
	__u64 started_ns;
	__u64 due_q;
	__u64 earliest_q;
	__u64 due_ns; /* of the frame in hand, where frames are stamped */
	__u32 flow;
	__u32 remaining_epoch;
	__u32 burst_left; /* frames of a burst that has begun */
} __attribute__((aligned(64)));
