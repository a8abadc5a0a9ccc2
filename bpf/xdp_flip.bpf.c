// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* Passes every frame on or drops it, as a variable says that user space turns while frames come. */
#include "xdp_count.h"
#include "workload.h"

/* Writer: user space, at any moment. */
volatile __u32 action = PB_FLIP_PASS;

/* Per frame beyond the action: one load and a branch that is nearly always foretold. */
SEC("xdp")
int flip(struct xdp_md *ctx)
{
	struct pb_queue_counters *c = begin_frame(ctx);
	unsigned char *frame = frame_begin(ctx);

	switch (action) {
	case PB_FLIP_PASS:
		return finish(c, PB_PASSED);
	case PB_FLIP_TOUCH:
		if (frame + 1 <= frame_end(ctx))
			(void)*(volatile unsigned char *)frame;
		break;
	case PB_FLIP_PARSE:
		pb_workload_parse(frame, frame_end(ctx));
		break;
	}
	return finish(c, PB_OK);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
