/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Frames of several sizes, which take turns: the place of a frame in the sequence of sizes, and what else
 * of its headers the size is in.
 */
#pragma once

#include "frame6.h"

#define PB_MAX_MIX 64

/*
 * Where flows and the sequence have a common divisor each flow would meet a part of the sizes only: so the
 * sequence begins one further on after every `turn` frames, their least common multiple. 0: it need not.
 */
static inline __attribute__((always_inline)) __u32 pb_mix_at(__u64 seq, __u32 period, __u32 turn)
{
	return (seq + (turn ? seq / turn : 0)) % period;
}

/* Writes the lengths of a frame of `length` bytes into the headers. */
static inline __attribute__((always_inline)) void pb_frame_resize(unsigned char *frame,
								  __u32 length, int ipv6)
{
	if (ipv6) {
		__u16 udp = __builtin_bswap16((__u16)(length - PB6_OFF_UDP));

		*(__u16 *)(frame + PB6_OFF_PAYLOAD) = udp;
		*(__u16 *)(frame + PB6_OFF_UDP + 4) = udp;
		return;
	}
	*(__u16 *)(frame + PB_OFF_IP + 2) = __builtin_bswap16((__u16)(length - PB_OFF_IP));
	*(__u16 *)(frame + PB_OFF_UDP + 4) = __builtin_bswap16((__u16)(length - PB_OFF_UDP));
}
