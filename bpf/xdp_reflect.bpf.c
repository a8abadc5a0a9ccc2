// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* Sends UDP and TCP back by the device they came from, and drops the rest. */
#include "xdp_count.h"
#include "workload.h"

/* Per frame beyond counting: the parser, and eight loads and stores for IPv4. */
SEC("xdp")
int reflect(struct xdp_md *ctx)
{
	struct pb_queue_counters *c = begin_frame(ctx);

	return finish(c, pb_workload_reflect(frame_begin(ctx), frame_end(ctx)));
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
