// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* At the generator's end: counts the test frames that come back, and drops them. All others pass. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "counters.h"
#include "frame6.h"
#include "stamps_map.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pb_sink_counters);
} sink_counters SEC(".maps");

const volatile __u32 trial = 0;     /* network byte order */
const volatile __u32 own_mac_0 = 0; /* the first four bytes, as they lie in memory */
const volatile __u16 own_mac_4 = 0; /* the last two */

/*
 * Per frame: one map lookup, five loads from its first cache lines, one add. Stamped: one reading of the
 * clock, another lookup, and pb_count_stamp().
 */
SEC("xdp")
int sink(struct xdp_md *ctx)
{
	__u64 now = stamped ? bpf_ktime_get_ns() : 0;
	unsigned char *frame = (void *)(long)ctx->data;
	unsigned char *end = (void *)(long)ctx->data_end;
	const struct pb_tag *tag = (void *)(frame + PB_OFF_TAG);
	struct pb_sink_counters *c;
	__u32 slot = 0;

	if (frame + PB_MIN_LEN > end)
		return XDP_PASS;
	if (*(__u16 *)(frame + 12) == __builtin_bswap16(0x86dd)) {
		if (frame + PB6_MIN_LEN > end)
			return XDP_PASS;
		tag = (void *)(frame + PB6_OFF_TAG);
	}
	if (tag->magic != __builtin_bswap32(PB_TAG_MAGIC))
		return XDP_PASS;
	c = bpf_map_lookup_elem(&sink_counters, &slot);
	if (!c)
		return XDP_PASS;
	if (tag->trial == trial && *(pb_unaligned_u32 *)frame == own_mac_0 &&
	    *(__u16 *)(frame + 4) == own_mac_4) {
		__u32 queue = ctx->rx_queue_index;
		struct pb_stamps *s = stamped ? bpf_map_lookup_elem(&stamps, &queue) : 0;

		if (s)
			pb_count_stamp(s, (const unsigned char *)tag, now);
		c->packets++;
	} else {
		c->strays++;
	}
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
