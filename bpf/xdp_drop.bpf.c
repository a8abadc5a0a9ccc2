// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* Counts every frame, and drops it without reading it. */
#include "xdp_count.h"

SEC("xdp")
int drop(struct xdp_md *ctx)
{
	count_packet(begin_frame(ctx));
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
