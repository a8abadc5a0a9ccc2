// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* Drops UDP whose destination port is in the set, and lets the rest go on to the stack. */
#include "xdp_count.h"
#include "workload.h"

__u64 ports[PB_PORT_WORDS] = {}; /* written by user space, read here */

/* Per frame beyond counting: the parser, and one load from the 8 KiB of the set. */
SEC("xdp")
int filter(struct xdp_md *ctx)
{
	struct pb_queue_counters *c = begin_frame(ctx);

	return finish(c, pb_workload_filter(frame_begin(ctx), frame_end(ctx), ports));
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
