// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* Parses every frame down to UDP or TCP, and drops it. */
#include "xdp_count.h"
#include "workload.h"

/* Per frame beyond counting: some 60 instructions for UDP over IPv4, in the first cache line. */
SEC("xdp")
int parse(struct xdp_md *ctx)
{
	struct pb_queue_counters *c = begin_frame(ctx);

	return finish(c, pb_workload_parse(frame_begin(ctx), frame_end(ctx)));
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
