// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* For a test: the verifier must refuse this program, which reads a frame without a bounds check. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int rejected(struct xdp_md *ctx)
{
	const unsigned char *frame = (void *)(long)ctx->data;

	return frame[60];
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
