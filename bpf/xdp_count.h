/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What every XDP workload does: count the frame per RX queue and CPU, and what became of it. */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "counters.h"
#include "stamps_map.h"

const volatile __u32 tag_offset = PB_OFF_TAG;
const volatile __be32 tag_trial = 0; /* of those that count */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PB_MAX_QUEUES);
	__type(key, __u32);
	__type(value, struct pb_queue_counters);
} queue_counters SEC(".maps");

/* Per frame: one reading of the clock, one map lookup, four loads of the frame, pb_count_stamp(). */
static __always_inline void count_stamp_of(struct xdp_md *ctx)
{
	__u64 now = bpf_ktime_get_ns();
	unsigned char *frame = (unsigned char *)(long)ctx->data;
	unsigned char *at = frame + tag_offset;
	const struct pb_tag *tag = (void *)at;
	__u32 queue = ctx->rx_queue_index;
	struct pb_stamps *s;

	if (at + sizeof(*tag) > (unsigned char *)(long)ctx->data_end ||
	    tag->magic != __builtin_bswap32(PB_TAG_MAGIC) || tag->trial != tag_trial)
		return;
	s = bpf_map_lookup_elem(&stamps, &queue);
	if (s)
		pb_count_stamp(s, at, now);
}

/* Frames may lie in several buffers: ctx->data_end is the end of the first. */
const volatile __u32 fragments = 0;

/*
 * Counts the frame's bytes; finish() or count_packet() is to follow. Null for a queue above
 * PB_MAX_QUEUES. Per frame: one map lookup (inlined by the kernel's JIT since 6.10), three loads, an add;
 * of frames in several buffers also a call. Stamped: count_stamp_of().
 */
static __always_inline struct pb_queue_counters *begin_frame(struct xdp_md *ctx)
{
	__u32 queue = ctx->rx_queue_index;
	struct pb_queue_counters *c = bpf_map_lookup_elem(&queue_counters, &queue);

	if (stamped)
		count_stamp_of(ctx);
	if (c)
		c->bytes += fragments ? bpf_xdp_get_buff_len(ctx) : ctx->data_end - ctx->data;
	return c;
}

/* Counts the frame, after all else of it: see pb_queue_counters. One add. */
static __always_inline void count_packet(struct pb_queue_counters *c)
{
	barrier();
	if (c)
		c->packets++;
}

/* Counts the frame and its outcome, and returns the action that goes with it. Two adds. */
static __always_inline int finish(struct pb_queue_counters *c, enum pb_outcome outcome)
{
	if (c && outcome < PB_OUTCOMES)
		c->outcomes[outcome]++;
	count_packet(c);
	switch (outcome) {
	case PB_PASSED:
		return XDP_PASS;
	case PB_REFLECTED:
		return XDP_TX;
	case PB_FORWARDED: /* by the map that the program has asked for the way out */
		return XDP_REDIRECT;
	default:
		return XDP_DROP;
	}
}

static __always_inline unsigned char *frame_begin(const struct xdp_md *ctx)
{
	return (unsigned char *)(long)ctx->data;
}

static __always_inline unsigned char *frame_end(const struct xdp_md *ctx)
{
	return (unsigned char *)(long)ctx->data_end;
}
