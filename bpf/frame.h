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
#define PB_OFF_IP_CHECK 24
#define PB_OFF_SADDR 26
#define PB_OFF_DADDR 30
#define PB_OFF_UDP 34
#define PB_OFF_DPORT 36
#define PB_OFF_UDP_CHECK 40
#define PB_OFF_TAG 42
#define PB_OFF_SEQ 50
#define PB_MIN_LEN 60
#define PB_MAX_LEN 9014

#define PB_UDP_PORT 9 /* discard: nothing answers */

#define PB_TAG_MAGIC 0x706b6272u /* "pkbr" */

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

/* First bytes of the UDP payload: 16 bytes, which is what fits into a 64 B frame (18). */
struct pb_tag {
	__be32 magic;
	__be32 trial; /* tells this trial's frames from late ones of another */
	__be64 seq;   /* 0 for the first frame after start */
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

/*
 * Makes the frame at `frame` (a copy of the template frame, at least PB_MIN_LEN bytes) the one with
 * this flow and sequence number, checksums included. Costs about 25 ALU operations and 5 stores.
 */
static inline __attribute__((always_inline)) void
pb_frame_stamp(unsigned char *frame, const struct pb_frame_template *t, __u32 flow, __u64 seq)
{
	__u32 saddr = __builtin_bswap32(t->base_saddr + (flow >> PB_FLOW_PORT_BITS));
	__u16 sport =
		__builtin_bswap16((__u16)(PB_FLOW_PORT_BASE + (flow & (PB_FLOWS_PER_ADDR - 1))));
	__u64 be_seq = __builtin_bswap64(seq);
	__u64 address = (__u64)(saddr & 0xffff) + (saddr >> 16);
	__u64 udp = t->udp_sum + address + sport + (be_seq & 0xffffffff) + (be_seq >> 32);
	__u16 check = pb_fold(udp);

	*(__u16 *)(frame + PB_OFF_IP_CHECK) = pb_fold(t->ip_sum + address);
	/* Not on natural boundaries; every CPU that runs XDP at speed allows that, and one store is one. */
	*(pb_unaligned_u32 *)(frame + PB_OFF_SADDR) = saddr;
	*(__u16 *)(frame + PB_OFF_UDP) = sport;
	*(__u16 *)(frame + PB_OFF_UDP_CHECK) = check ? check : 0xffff;
	*(pb_unaligned_u64 *)(frame + PB_OFF_SEQ) = be_seq;
}
