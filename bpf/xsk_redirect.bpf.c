// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* Hands every frame to the AF_XDP socket of its RX queue, without reading it, and counts both ways out. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "counters.h"

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, PB_MAX_QUEUES);
	__type(key, __u32);
	__type(value, __u32);
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PB_MAX_QUEUES);
	__type(key, __u32);
	__type(value, struct pb_xsk_counters);
} redirect_counters SEC(".maps");

/* Per frame: one map lookup, one redirect, one add. */
SEC("xdp")
int redirect(struct xdp_md *ctx)
{
	__u32 queue = ctx->rx_queue_index;
	struct pb_xsk_counters *c = bpf_map_lookup_elem(&redirect_counters, &queue);
	long action = bpf_redirect_map(&sockets, queue, XDP_DROP);

	if (c) {
		if (action == XDP_REDIRECT)
			c->redirected++;
		else
			c->no_socket++;
	}
	return action;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
