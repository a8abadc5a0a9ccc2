/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * What the workloads decide, one for the kernel and for user space. Each takes a whole frame (Ethernet
 * header first, no FCS) from `frame` to `end`. `drop`, `touch` and `pass` decide nothing.
 */
#pragma once

#include "frame.h"
#include "parse.h"

/* Room in the table of `count-per-ip`. */
#define PB_MAX_ADDRESSES 65536

/* The set of `filter`: one bit per UDP port. Writer: user space, a word at a time, at any moment. */
#define PB_PORT_WORDS 1024

#ifdef __bpf__
#define PB_LOAD_RELAXED(word) (*(const volatile __u64 *)&(word))
#else
#define PB_LOAD_RELAXED(word) __atomic_load_n(&(word), __ATOMIC_RELAXED)
#endif

/* What `flip` does with a frame. All but the first drop it. */
enum pb_flip { PB_FLIP_PASS, PB_FLIP_DROP, PB_FLIP_TOUCH, PB_FLIP_PARSE };

/* An IPv6 address in network byte order; IPv4 is ::ffff:a.b.c.d. */
struct pb_address {
	__u64 high;
	__u64 low;
};

/* `ipv4` as it is in the header. */
PB_INLINE void pb_set_ipv4(struct pb_address *address, __u32 ipv4)
{
	address->high = 0;
	address->low = (__u64)ipv4 << 32 | 0xffff0000u;
}

PB_INLINE enum pb_outcome pb_workload_parse(unsigned char *frame, unsigned char *end)
{
	struct pb_headers h;

	return pb_parse(frame, end, &h);
}

/* `count-per-ip` up to the table: whom to count. PB_OK: `source` is set. */
PB_INLINE enum pb_outcome pb_workload_source(unsigned char *frame, unsigned char *end,
					     struct pb_address *source)
{
	struct pb_headers h;
	enum pb_outcome outcome = pb_parse_network(frame, end, &h);

	if (outcome != PB_OK)
		return outcome;
	if (h.version == 4) {
		pb_set_ipv4(source, *(pb_unaligned_u32 *)(h.ip + 12));
	} else {
		source->high = *(pb_unaligned_u64 *)(h.ip + 8);
		source->low = *(pb_unaligned_u64 *)(h.ip + 16);
	}
	return PB_OK;
}

/* What has no UDP destination port passes. `ports` has PB_PORT_WORDS words. */
PB_INLINE enum pb_outcome pb_workload_filter(unsigned char *frame, unsigned char *end,
					     const __u64 *ports)
{
	struct pb_headers h;
	__u32 port;

	if (pb_parse(frame, end, &h) != PB_OK || h.protocol != PB_PROTO_UDP)
		return PB_PASSED;
	port = pb_be16(h.transport + 2);
	return PB_LOAD_RELAXED(ports[port >> 6]) >> (port & 63) & 1 ? PB_FILTERED : PB_PASSED;
}

PB_INLINE void pb_swap16(unsigned char *a, unsigned char *b)
{
	__u16 was = *(pb_unaligned_u16 *)a;

	*(pb_unaligned_u16 *)a = *(pb_unaligned_u16 *)b;
	*(pb_unaligned_u16 *)b = was;
}

PB_INLINE void pb_swap32(unsigned char *a, unsigned char *b)
{
	__u32 was = *(pb_unaligned_u32 *)a;

	*(pb_unaligned_u32 *)a = *(pb_unaligned_u32 *)b;
	*(pb_unaligned_u32 *)b = was;
}

PB_INLINE void pb_swap64(unsigned char *a, unsigned char *b)
{
	__u64 was = *(pb_unaligned_u64 *)a;

	*(pb_unaligned_u64 *)a = *(pb_unaligned_u64 *)b;
	*(pb_unaligned_u64 *)b = was;
}

/*
 * Sends UDP and TCP back: exchanges the MAC addresses, the IP addresses and the ports. Their sums stay the
 * same, and so do the checksums. A frame that was sent to a group is left alone (PB_OTHER): a group is no
 * sender.
 */
PB_INLINE enum pb_outcome pb_workload_reflect(unsigned char *frame, unsigned char *end)
{
	struct pb_headers h;
	enum pb_outcome outcome = pb_parse(frame, end, &h);

	if (outcome != PB_OK)
		return outcome;
	if (frame[0] & 1)
		return PB_OTHER;
	pb_swap32(frame, frame + 6);
	pb_swap16(frame + 4, frame + 10);
	if (h.version == 4) {
		pb_swap32(h.ip + 12, h.ip + 16);
	} else {
		pb_swap64(h.ip + 8, h.ip + 24);
		pb_swap64(h.ip + 16, h.ip + 32);
	}
	pb_swap16(h.transport, h.transport + 2);
	return PB_REFLECTED;
}

/* Where `forward` sends a frame: its first twelve bytes from then on, destination and source. */
struct pb_hop {
	__u32 macs[3]; /* as they lie in the frame */
};

/*
 * Takes an IPv4 frame one hop on, as a router does: one less time to live, the header's checksum mended
 * (RFC 1624), the MAC addresses those of the next hop. What may not live longer is left alone (PB_OTHER), as is
 * what was sent to a group.
 */
PB_INLINE enum pb_outcome pb_workload_forward(unsigned char *frame, unsigned char *end,
					      const volatile struct pb_hop *hop)
{
	struct pb_headers h;
	enum pb_outcome outcome = pb_parse_network(frame, end, &h);
	__u32 check;

	if (outcome != PB_OK)
		return outcome;
	if (h.version != 4 || frame[0] & 1 || h.ip[8] < 2)
		return PB_OTHER;
	check = pb_be16(h.ip + 10) + 0x100;
	check += check >= 0xffff;
	h.ip[8]--;
	h.ip[10] = check >> 8;
	h.ip[11] = check;
	*(pb_unaligned_u32 *)frame = hop->macs[0];
	*(pb_unaligned_u32 *)(frame + 4) = hop->macs[1];
	*(pb_unaligned_u32 *)(frame + 8) = hop->macs[2];
	return PB_FORWARDED;
}
