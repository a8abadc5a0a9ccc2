// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* Sends IPv4 on, one hop further, out of another device, and drops the rest. */
#include "xdp_count.h"
#include "workload.h"
#include <bpf/bpf_tracing.h>
#include "our_device.h"

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} way_out SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pb_out_counters);
} out_counters SEC(".maps");

const volatile struct pb_hop hop = {};

/* Per frame beyond counting: the headers as far as IP, six stores, one lookup in the map of devices. */
SEC("xdp")
int forward(struct xdp_md *ctx)
{
	struct pb_queue_counters *c = begin_frame(ctx);
	enum pb_outcome outcome = pb_workload_forward(frame_begin(ctx), frame_end(ctx), &hop);

	if (outcome == PB_FORWARDED && bpf_redirect_map(&way_out, 0, XDP_DROP) != XDP_REDIRECT)
		outcome = PB_NO_PORT;
	return finish(c, outcome);
}

/* Per flush, which is of 16 frames at most: two adds. */
SEC("tp_btf/xdp_devmap_xmit")
int BPF_PROG(count_out, const struct net_device *from, const struct net_device *to, int sent,
	     int drops)
{
	__u32 slot = 0;
	struct pb_out_counters *c;

	if (!is_ours(to))
		return 0;
	c = bpf_map_lookup_elem(&out_counters, &slot);
	if (c) {
		c->refused += drops;
		c->taken += sent;
	}
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
