// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* Counts every frame, and lets it go on to the stack without reading it. */
#include "xdp_count.h"

SEC("xdp")
int pass(struct xdp_md *ctx)
{
	return finish(begin_frame(ctx), PB_PASSED);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
