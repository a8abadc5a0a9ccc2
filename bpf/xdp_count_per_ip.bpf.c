// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* Counts the frames of each source address, and drops them. */
#include "xdp_count.h"
#include "workload.h"

/* Not an LRU: that would forget addresses without a word, and a full table is to be seen. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, PB_MAX_ADDRESSES);
	__type(key, struct pb_address);
	__type(value, __u64);
} addresses SEC(".maps");

static __always_inline enum pb_outcome count_source(struct pb_queue_counters *c,
						    const struct pb_address *source)
{
	__u64 *count = bpf_map_lookup_elem(&addresses, source);

	if (!count) {
		__u64 none = 0;

		/* Fails where the table is full, or another CPU was first. */
		if (!bpf_map_update_elem(&addresses, source, &none, BPF_NOEXIST) && c)
			c->addresses++;
		count = bpf_map_lookup_elem(&addresses, source);
		if (!count)
			return PB_TABLE_FULL;
	}
	++*count;
	return PB_OK;
}

/* Per frame beyond counting: the parser as far as IP, and one lookup in a hash of 16-byte keys. */
SEC("xdp")
int count_per_ip(struct xdp_md *ctx)
{
	struct pb_queue_counters *c = begin_frame(ctx);
	struct pb_address source;
	enum pb_outcome outcome = pb_workload_source(frame_begin(ctx), frame_end(ctx), &source);

	if (outcome == PB_OK)
		outcome = count_source(c, &source);
	return finish(c, outcome);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
