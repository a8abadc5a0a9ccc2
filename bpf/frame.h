/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The test frame: Ethernet, IPv4, UDP and a tag in the payload. Shared by the BPF generator and the
 * user-space generators, so that every generator puts the same bytes on the wire.
 *
 * Sizes are in bytes without the FCS: a "64 B frame" (RFC 2544) is 60 bytes here. All multi-byte
 * fields are in network byte order.
 */
#pragma once

#include <linux/types.h>

#define PB_OFF_IP 14
#define PB_OFF_TTL 22 /* and the protocol behind it */
#define PB_OFF_IP_CHECK 24
#define PB_OFF_SADDR 26
#define PB_OFF_DADDR 30
#define PB_OFF_UDP 34
#define PB_OFF_DPORT 36
#define PB_OFF_UDP_CHECK 40
#define PB_OFF_TAG 42
#define PB_OFF_SEQ 50
#define PB_OFF_STAMP_LOW 58 /* its last 16 bits */
#define PB_MIN_LEN 60
#define PB_MAX_LEN 9014

#define PB_UDP_PORT 9 /* discard: nothing answers */

#define PB_TAG_MAGIC 0x706b6272u /* "pkbr" */
#define PB_STAMP_MASK 0xffffffffffffull

/* Flows differ first by source port, then by source address. */
#define PB_FLOW_PORT_BASE 10000
#define PB_FLOW_PORT_BITS 14
#define PB_FLOWS_PER_ADDR (1u << PB_FLOW_PORT_BITS)
#define PB_MAX_FLOWS 65536u

/* The BPF compiler would split a store that it is told is unaligned into bytes. */
#ifdef __bpf__
typedef __u16 pb_unaligned_u16;
typedef __u32 pb_unaligned_u32;
typedef __u64 pb_unaligned_u64;
#else
typedef __u16 pb_unaligned_u16 __attribute__((aligned(1), may_alias));
typedef __u32 pb_unaligned_u32 __attribute__((aligned(1), may_alias));
typedef __u64 pb_unaligned_u64 __attribute__((aligned(1), may_alias));
#endif

/* First bytes of the UDP payload: all that fits into a 64 B frame. */
struct pb_tag {
	__be32 magic;
	__be32 trial;      /* tells this trial's frames from late ones of another */
	__be32 seq;        /* 0 for the first frame after start; begins again after 2^32 */
	__be16 stamp_high; /* when the frame was due, CLOCK_MONOTONIC in ns, its low 48 bits; */
	__be32 stamp_low;  /* 0 where the source stamps none */
} __attribute__((packed));

/* Everything constant about a flow set; the sums exclude the fields that pb_frame_stamp() writes. */
struct pb_frame_template {
	__u32 ip_sum;  /* ones' complement sum of the IP header, as 16-bit words in memory order */
	__u32 udp_sum; /* the same of pseudo header, UDP header and payload */
	__u32 base_saddr; /* host byte order */
	__u32 length;     /* bytes, without FCS */
};

/* REQUIRES: sum < 2^48, which the sums of a frame's words are. */
static inline __attribute__((always_inline)) __u16 pb_fold(__u64 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)~sum;
}

/* Writes a tag's sequence number and stamp. Returns their sum, as pb_fold() wants it. */
static inline __attribute__((always_inline)) __u64 pb_tag_stamp_due(unsigned char *tag, __u64 seq,
								    __u64 due_ns)
{
	__u64 high = __builtin_bswap64(seq << 32 | (due_ns & PB_STAMP_MASK) >> 16);
	__u16 low = __builtin_bswap16((__u16)due_ns);

	*(pb_unaligned_u64 *)(tag + PB_OFF_SEQ - PB_OFF_TAG) = high;
	*(__u16 *)(tag + PB_OFF_STAMP_LOW - PB_OFF_TAG) = low;
	return (high & 0xffffffff) + (high >> 32) + low;
}

/*
 * Makes the frame at `frame` (a copy of the template frame, at least PB_MIN_LEN bytes) the one with
 * this flow, sequence number and stamp, checksums included. Costs about 25 ALU operations and 6 stores.
 */
static inline __attribute__((always_inline)) void
pb_frame_stamp_due(unsigned char *frame, const struct pb_frame_template *t, __u32 flow, __u64 seq,
		   __u64 due_ns)
{
	__u32 saddr = __builtin_bswap32(t->base_saddr + (flow >> PB_FLOW_PORT_BITS));
	__u16 sport =
		__builtin_bswap16((__u16)(PB_FLOW_PORT_BASE + (flow & (PB_FLOWS_PER_ADDR - 1))));
	__u64 address = (__u64)(saddr & 0xffff) + (saddr >> 16);
	__u64 tag_sum = pb_tag_stamp_due(frame + PB_OFF_TAG, seq, due_ns);
	__u16 check = pb_fold(t->udp_sum + address + sport + tag_sum);

	*(__u16 *)(frame + PB_OFF_IP_CHECK) = pb_fold(t->ip_sum + address);
	/* Not on natural boundaries; every CPU that runs XDP at speed allows that, and one store is one. */
	*(pb_unaligned_u32 *)(frame + PB_OFF_SADDR) = saddr;
	*(__u16 *)(frame + PB_OFF_UDP) = sport;
	*(__u16 *)(frame + PB_OFF_UDP_CHECK) = check ? check : 0xffff;
}

/* The same without a stamp. */
static inline __attribute__((always_inline)) void
pb_frame_stamp(unsigned char *frame, const struct pb_frame_template *t, __u32 flow, __u64 seq)
{
	pb_frame_stamp_due(frame, t, flow, seq, 0);
}

static inline __attribute__((always_inline)) __u32 pb_tag_seq(const unsigned char *tag)
{
	return __builtin_bswap32(*(const pb_unaligned_u32 *)(tag + PB_OFF_SEQ - PB_OFF_TAG));
}

static inline __attribute__((always_inline)) __u64 pb_tag_stamp(const unsigned char *tag)
{
	__u64 high = __builtin_bswap64(*(const pb_unaligned_u64 *)(tag + PB_OFF_SEQ - PB_OFF_TAG));
	__u16 low = __builtin_bswap16(*(const __u16 *)(tag + PB_OFF_STAMP_LOW - PB_OFF_TAG));

	return (high & 0xffffffff) << 16 | low;
}
