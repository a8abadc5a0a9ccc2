// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* Reads the first cache line of every frame, and drops it. */
#include "xdp_count.h"

/* Per frame beyond counting: one load, which misses the cache where the frame is not in it. */
SEC("xdp")
int touch(struct xdp_md *ctx)
{
	unsigned char *frame = frame_begin(ctx);

	count_packet(begin_frame(ctx));
	if (frame + 1 <= frame_end(ctx))
		(void)*(volatile unsigned char *)frame;
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
