// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * The xdp-live generator: run by BPF_PROG_TEST_RUN with BPF_F_TEST_XDP_LIVE_FRAMES on one CPU, it
 * stamps each frame and redirects it into the generator's device, or drops it while the gate is shut
 * or no frame is due. One thread of one CPU runs it, so the counters are plain words.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "frame_mix.h"
#include "live_generator.h"
#include "our_device.h"
#include "stamp.h"

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} device SEC(".maps");

const volatile struct pb_frame_template
	templates[PB_MAX_MIX] = {}; /* by place in the sequence of sizes */
const volatile __u32 period = 1;    /* of that sequence */
const volatile __u32 turn = 0;      /* pb_mix_at() */
const volatile __u32 largest = 0;   /* bytes of a frame as it comes here */
const volatile __u32 ipv6 = 0;
const volatile struct pb_live_addresses addresses = {};
const volatile __u32 flows = 1;
const volatile __u32 burst = 1;  /* frames that are due together when paced */
const volatile __u8 stamped = 0; /* frames say when they were due; with a burst of 1 */

struct pb_live_control control SEC(".data.control") = {}; /* written by user space, read here */
struct pb_live_state state SEC(".data.state") = {};       /* written here, read by user space */
__u64 not_taken SEC(".data.not_taken") = 0;               /* of the frames in state.sent */

/* Of frames that are stamped, until they are redirected. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pb_delays);
} lateness SEC(".maps");

/* A burst is due at start + n * interval. A late generator catches up at twice the rate at most. */
static __always_inline int not_due(void)
{
	if (state.started_ns && state.burst_left) {
		state.burst_left--;
		return 0;
	}
	__u64 now = bpf_ktime_get_ns();

	if (!state.started_ns) {
		state.started_ns = now;
		state.due_q = 0;
		state.earliest_q = 0;
	}
	__u64 elapsed_q = (now - state.started_ns) << PB_RATE_SHIFT;

	if (elapsed_q < state.due_q || elapsed_q < state.earliest_q)
		return 1;
	if (stamped) {
		__u32 slot = 0;
		struct pb_delays *late = bpf_map_lookup_elem(&lateness, &slot);

		state.due_ns = state.started_ns + (state.due_q >> PB_RATE_SHIFT);
		if (late)
			pb_count_delay(late, state.due_ns, now);
	}
	state.due_q += control.interval_q;
	state.earliest_q = elapsed_q + (control.interval_q >> 1);
	state.burst_left = burst - 1;
	return 0;
}

/* All but the frame's own: false where there is no room. */
static __always_inline int write_addresses(unsigned char *frame, unsigned char *end)
{
	if (frame + (ipv6 ? PB6_MIN_LEN : PB_MIN_LEN) > end)
		return 0;
	*(pb_unaligned_u64 *)frame = addresses.macs;
	*(pb_unaligned_u32 *)(frame + 8) = addresses.macs_rest;
	if (ipv6) {
		*(pb_unaligned_u32 *)(frame + PB6_OFF_DADDR + PB6_PREFIX_LEN) = addresses.daddr;
		*(__u16 *)(frame + PB6_OFF_DPORT) = addresses.dport;
	} else {
		*(__u16 *)(frame + PB_OFF_TTL) = addresses.ttl;
		*(pb_unaligned_u32 *)(frame + PB_OFF_DADDR) = addresses.daddr;
		*(__u16 *)(frame + PB_OFF_DPORT) = addresses.dport;
	}
	return 1;
}

/*
 * Per frame: about 40 ALU operations, ten stores, two reads of the control line, one redirect; paced: one
 * clock read a burst, and one for each call that is too early; of a mix: two divisions, two stores and a
 * call that moves the frame's end.
 */
SEC("xdp")
int generate(struct xdp_md *ctx)
{
	struct pb_frame_template t = templates[0];
	unsigned char *frame;
	__u64 seq;

	if (!*(volatile __u32 *)&control.gate) {
		state.idle++;
		state.started_ns = 0;
		return XDP_DROP;
	}
	if (state.remaining_epoch != control.epoch) {
		/* In this order: user space takes the epoch for the sign that `remaining` is its own. */
		*(volatile __u64 *)&state.remaining = control.limit;
		*(volatile __u32 *)&state.remaining_epoch = control.epoch;
	}
	if (!state.remaining) {
		state.idle++;
		return XDP_DROP;
	}
	if (control.interval_q && not_due())
		return XDP_DROP;

	seq = state.sent;
	if (period > 1) {
		__u32 place = pb_mix_at(seq, period, turn);

		if (place >= PB_MAX_MIX)
			return XDP_ABORTED;
		t = templates[place];
		/* The kernel gives the frame its length again when it comes back. */
		if (bpf_xdp_adjust_tail(ctx, (int)t.length - (int)largest))
			return XDP_ABORTED;
	}
	frame = (void *)(long)ctx->data;
	if (!write_addresses(frame, (void *)(long)ctx->data_end))
		return XDP_ABORTED;
	if (period > 1)
		pb_frame_resize(frame, t.length, ipv6);
	if (ipv6)
		pb_frame6_stamp_due(frame, &t, state.flow, seq, stamped ? state.due_ns : 0);
	else
		pb_frame_stamp_due(frame, &t, state.flow, seq, stamped ? state.due_ns : 0);
	state.flow = state.flow + 1 < flows ? state.flow + 1 : 0;
	state.remaining--;
	state.sent = seq + 1;
	return bpf_redirect_map(&device, 0, 0);
}

/* Per flush: what the driver did not take, which the kernel frees without another count. */
SEC("tp_btf/xdp_devmap_xmit")
int BPF_PROG(count_not_taken, const struct net_device *from, const struct net_device *to, int sent,
	     int drops)
{
	if (is_ours(to))
		not_taken += drops;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
