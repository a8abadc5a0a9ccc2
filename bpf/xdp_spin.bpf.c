// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* For a test: drops every frame after spinning for a known time, which it adds up itself. */
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

__u64 spin_ns = 0; /* written by user space between frames */

/* Written by the one CPU that the frames arrive on. */
__u64 frames = 0;
__u64 spun_ns = 0;

struct spin {
	__u64 until;
	__u64 now;
};

static long look(__u32 index, struct spin *s)
{
	s->now = bpf_ktime_get_ns();
	return s->now >= s->until;
}

SEC("xdp")
int spin(struct xdp_md *ctx)
{
	__u64 begin = bpf_ktime_get_ns();
	struct spin s = { .until = begin + spin_ns, .now = begin };

	if (spin_ns)
		bpf_loop(1 << 20, look, &s, 0);
	frames++;
	spun_ns += s.now - begin;
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
