/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The test frame over IPv6: Ethernet, IPv6, UDP and the tag of frame.h, which lies 20 bytes further on.
 * Addresses end in the port's IPv4 address, so that flows differ as they do there.
 *
 * Sizes are in bytes without the FCS.
 */
#pragma once

#include "frame.h"

#define PB6_SHIFT 20 /* IPv6's header is so much longer */
#define PB6_OFF_PAYLOAD 18
#define PB6_OFF_SADDR 22
#define PB6_OFF_DADDR 38
#define PB6_OFF_UDP (PB_OFF_UDP + PB6_SHIFT)
#define PB6_OFF_DPORT (PB_OFF_DPORT + PB6_SHIFT)
#define PB6_OFF_UDP_CHECK (PB_OFF_UDP_CHECK + PB6_SHIFT)
#define PB6_OFF_TAG (PB_OFF_TAG + PB6_SHIFT)
#define PB6_MIN_LEN (PB_MIN_LEN + PB6_SHIFT)

#define PB6_PREFIX_LEN 12 /* of an address, before the four bytes that are the IPv4 one */

/* Of pb_frame_template `udp_sum` and `base_saddr` alone are used, the latter for the last four bytes. */
static inline __attribute__((always_inline)) void
pb_frame6_stamp_due(unsigned char *frame, const struct pb_frame_template *t, __u32 flow, __u64 seq,
		    __u64 due_ns)
{
	__u32 saddr = __builtin_bswap32(t->base_saddr + (flow >> PB_FLOW_PORT_BITS));
	__u16 sport =
		__builtin_bswap16((__u16)(PB_FLOW_PORT_BASE + (flow & (PB_FLOWS_PER_ADDR - 1))));
	__u64 udp = (__u64)t->udp_sum + (saddr & 0xffff) + (saddr >> 16) + sport +
		    pb_tag_stamp_due(frame + PB6_OFF_TAG, seq, due_ns);
	__u16 check = pb_fold(udp);

	*(pb_unaligned_u32 *)(frame + PB6_OFF_SADDR + PB6_PREFIX_LEN) = saddr;
	*(__u16 *)(frame + PB6_OFF_UDP) = sport;
	*(__u16 *)(frame + PB6_OFF_UDP_CHECK) = check ? check : 0xffff;
}

/* The same without a stamp. */
static inline __attribute__((always_inline)) void
pb_frame6_stamp(unsigned char *frame, const struct pb_frame_template *t, __u32 flow, __u64 seq)
{
	pb_frame6_stamp_due(frame, t, flow, seq, 0);
}
