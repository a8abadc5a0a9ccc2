// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* Counts every frame, where asked by its source address too, and lets it go on to the stack. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <stdbool.h>

#include "watch.h"

const volatile __u8 per_address = 0;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PB_WATCH_SLOTS);
	__type(key, __u32);
	__type(value, struct pb_frame_counters);
} queues SEC(".maps");

/* Not an LRU: that would forget addresses without a word. Memory is taken by the addresses that come. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, PB_MAX_ADDRESSES);
	__type(key, struct pb_address);
	__type(value, struct pb_frame_counters);
} addresses SEC(".maps");

/* Of frames that are in no entry of `addresses`. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PB_UNLISTED);
	__type(key, __u32);
	__type(value, struct pb_frame_counters);
} unlisted SEC(".maps");

static __always_inline void count(struct pb_frame_counters *c, __u64 bytes)
{
	c->bytes += bytes;
	barrier();
	c->packets++;
}

/*
 * Reads the address and believes no other field, so that a frame in several buffers, of which the first
 * is seen here, is counted like any other. False: no IP, or cut short.
 */
static __always_inline bool source_of(unsigned char *frame, unsigned char *end,
				      struct pb_address *source)
{
	unsigned char *p;
	__u32 type;

	if (pb_parse_ethernet(frame, end, &type, &p) != PB_OK)
		return false;
	if (type == PB_TYPE_IPV4 && p + PB_IPV4_LEN <= end) {
		pb_set_ipv4(source, *(pb_unaligned_u32 *)(p + 12));
		return true;
	}
	if (type == PB_TYPE_IPV6 && p + PB_IPV6_LEN <= end) {
		source->high = *(pb_unaligned_u64 *)(p + 8);
		source->low = *(pb_unaligned_u64 *)(p + 16);
		return true;
	}
	return false;
}

static __always_inline void count_source(const struct pb_address *source, __u64 bytes)
{
	struct pb_frame_counters *c = bpf_map_lookup_elem(&addresses, source);
	__u32 no_room = PB_NO_ROOM;

	if (!c) {
		struct pb_frame_counters none = {};

		/* Fails where the table is full, or another CPU was first. */
		bpf_map_update_elem(&addresses, source, &none, BPF_NOEXIST);
		c = bpf_map_lookup_elem(&addresses, source);
	}
	if (!c)
		c = bpf_map_lookup_elem(&unlisted, &no_room);
	if (c)
		count(c, bytes);
}

/*
 * Per frame: one call, one map lookup, two adds; by address also the parser as far as IP, and one lookup in
 * a hash of 16-byte keys.
 */
SEC("xdp.frags")
int watch(struct xdp_md *ctx)
{
	__u64 bytes = bpf_xdp_get_buff_len(ctx);
	__u32 slot = ctx->rx_queue_index;
	struct pb_frame_counters *c;

	if (slot >= PB_MAX_QUEUES)
		slot = PB_MAX_QUEUES;
	c = bpf_map_lookup_elem(&queues, &slot);
	if (c)
		count(c, bytes);
	if (per_address) {
		struct pb_address source;
		__u32 no_address = PB_NO_ADDRESS;

		if (source_of((unsigned char *)(long)ctx->data,
			      (unsigned char *)(long)ctx->data_end, &source))
			count_source(&source, bytes);
		else if ((c = bpf_map_lookup_elem(&unlisted, &no_address)))
			count(c, bytes);
	}
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
