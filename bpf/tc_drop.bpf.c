// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* Counts every frame per recorded RX queue and CPU at tc ingress, and drops it without reading it. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include "frame_counters.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PB_QUEUE_SLOTS);
	__type(key, __u32);
	__type(value, struct pb_frame_counters);
} queue_counters SEC(".maps");

/* Per frame: one map lookup (inlined by the kernel's JIT since 6.10), two loads, two adds. */
SEC("tc")
int drop(struct __sk_buff *skb)
{
	__u32 slot = pb_queue_slot(skb->queue_mapping);
	struct pb_frame_counters *c = bpf_map_lookup_elem(&queue_counters, &slot);

	if (c)
		pb_count_frame(c, skb->len); /* from the Ethernet header on */
	return TC_ACT_SHOT;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
