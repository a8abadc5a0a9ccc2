/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What programs do that see an skb: count the frame per recorded RX queue and CPU. */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "counters.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PB_QUEUE_SLOTS);
	__type(key, __u32);
	__type(value, struct pb_frame_counters);
} queue_counters SEC(".maps");

/*
 * `bytes` from the Ethernet header on. The kernel records queue n as n + 1, and 0 is none. Per frame: one map
 * lookup (inlined by the kernel's JIT since 6.10), two adds.
 */
static __always_inline void count_frame(__u32 queue_mapping, __u32 bytes)
{
	__u32 slot = queue_mapping < PB_QUEUE_SLOTS ? queue_mapping : 0;
	struct pb_frame_counters *c = bpf_map_lookup_elem(&queue_counters, &slot);

	if (!c)
		return;
	c->bytes += bytes;
	barrier();
	c->packets++;
}
