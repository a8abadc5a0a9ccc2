// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Counts every frame and drops it, on the NIC itself. Offload takes neither per-CPU maps nor a read of
 * the queue: one slot, and atomic adds because the NIC has many cores.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "counters.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pb_frame_counters);
} device_counters SEC(".maps");

/* Per frame: one map lookup, two loads, two atomic adds. */
SEC("xdp")
int drop(struct xdp_md *ctx)
{
	__u32 slot = 0;
	struct pb_frame_counters *c = bpf_map_lookup_elem(&device_counters, &slot);

	if (c) {
		__sync_fetch_and_add(&c->bytes, ctx->data_end - ctx->data);
		__sync_fetch_and_add(&c->packets, 1);
	}
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
