// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* Counts every frame per RX queue and CPU, and drops it without reading it. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "counters.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PB_MAX_QUEUES);
	__type(key, __u32);
	__type(value, struct pb_queue_counters);
} queue_counters SEC(".maps");

/* Per frame: one map lookup (inlined by the kernel's JIT since 6.10), three loads, two adds. */
SEC("xdp")
int drop(struct xdp_md *ctx)
{
	__u32 queue = ctx->rx_queue_index;
	struct pb_queue_counters *c = bpf_map_lookup_elem(&queue_counters, &queue);

	if (c) {
		c->packets++;
		c->bytes += ctx->data_end - ctx->data;
	}
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
