/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The parser, one for the kernel and for user space: Ethernet, up to two VLAN tags, IPv4 with options or
 * IPv6 with extension headers, UDP or TCP. It reads nothing at or behind `end`, and believes no length
 * that the frame or the header around it does not bear out. Checksums are not verified.
 *
 * Fields are read byte by byte: the verifier keeps the bounds of bytes, and loses those of a swapped word.
 */
#pragma once

#include "counters.h"

#define PB_INLINE static inline __attribute__((always_inline))

#define PB_ETH_LEN 14
#define PB_VLAN_LEN 4
#define PB_MAX_VLANS 2
#define PB_TYPE_IPV4 0x0800
#define PB_TYPE_IPV6 0x86dd
#define PB_TYPE_VLAN 0x8100
#define PB_TYPE_QINQ 0x88a8

#define PB_IPV4_LEN 20
#define PB_IPV4_MORE 0x2000
#define PB_IPV4_OFFSET 0x1fff
#define PB_IPV6_LEN 40
#define PB_IPV6_MORE 0x0001
#define PB_IPV6_OFFSET 0xfff8

/* A longer chain of extension headers is not followed: PB_OTHER. */
#define PB_MAX_EXTENSIONS 8
#define PB_PROTO_HOP_BY_HOP 0
#define PB_PROTO_TCP 6
#define PB_PROTO_UDP 17
#define PB_PROTO_ROUTING 43
#define PB_PROTO_FRAGMENT 44
#define PB_PROTO_DESTINATION 60

#define PB_UDP_LEN 8
#define PB_TCP_LEN 20

struct pb_headers {
	unsigned char *ip;
	unsigned char
		*transport; /* what follows the IP header; by pb_parse(): the UDP or TCP header */
	__u32 length;       /* bytes of the IP packet from `transport` on */
	__u32 version;      /* 4 or 6 */
	__u32 protocol;     /* of what is at `transport` */
	__u32 fragmented;   /* a first fragment: the rest of the datagram is elsewhere */
};

PB_INLINE __u32 pb_be16(const unsigned char *p)
{
	return (__u32)p[0] << 8 | p[1];
}

/* A length behind the frame's end is malformed; what is between the IP packet and it is padding. */
PB_INLINE enum pb_outcome pb_parse_ipv4(unsigned char *ip, unsigned char *end, struct pb_headers *h)
{
	__u32 header, total;

	if (ip + PB_IPV4_LEN > end)
		return PB_MALFORMED;
	header = (ip[0] & 15) * 4;
	total = pb_be16(ip + 2);
	if (ip[0] >> 4 != 4 || header < PB_IPV4_LEN || total < header || ip + total > end)
		return PB_MALFORMED;
	h->ip = ip;
	h->transport = ip + header;
	h->length = total - header;
	h->version = 4;
	h->protocol = ip[9];
	return PB_OK;
}

/* Jumbograms are not known here: a payload length of 0 is one of nothing. */
PB_INLINE enum pb_outcome pb_parse_ipv6(unsigned char *ip, unsigned char *end, struct pb_headers *h)
{
	__u32 length;

	if (ip + PB_IPV6_LEN > end)
		return PB_MALFORMED;
	length = pb_be16(ip + 4);
	if (ip[0] >> 4 != 6 || ip + PB_IPV6_LEN + length > end)
		return PB_MALFORMED;
	h->ip = ip;
	h->transport = ip + PB_IPV6_LEN;
	h->length = length;
	h->version = 6;
	h->protocol = ip[6];
	return PB_OK;
}

/* The EtherType behind at most two tags, and in `payload` what follows it. PB_MALFORMED: cut short. */
PB_INLINE enum pb_outcome pb_parse_ethernet(unsigned char *frame, unsigned char *end,
					    __u32 *ether_type, unsigned char **payload)
{
	unsigned char *p = frame + PB_ETH_LEN;
	__u32 type;

	if (p > end)
		return PB_MALFORMED;
	type = pb_be16(frame + 12);
	for (int i = 0; i < PB_MAX_VLANS && (type == PB_TYPE_VLAN || type == PB_TYPE_QINQ); i++) {
		if (p + PB_VLAN_LEN > end)
			return PB_MALFORMED;
		type = pb_be16(p + 2);
		p += PB_VLAN_LEN;
	}
	*ether_type = type;
	*payload = p;
	return PB_OK;
}

/* As far as the IP header. PB_OTHER: no IP, or behind a third tag. */
PB_INLINE enum pb_outcome pb_parse_network(unsigned char *frame, unsigned char *end,
					   struct pb_headers *h)
{
	unsigned char *p;
	__u32 type;

	if (pb_parse_ethernet(frame, end, &type, &p) != PB_OK)
		return PB_MALFORMED;
	if (type == PB_TYPE_IPV4)
		return pb_parse_ipv4(p, end, h);
	if (type == PB_TYPE_IPV6)
		return pb_parse_ipv6(p, end, h);
	return PB_OTHER;
}

/* Moves `transport` behind the extension headers. PB_OTHER: a fragment that is not the first. */
PB_INLINE enum pb_outcome pb_skip_extensions(unsigned char *end, struct pb_headers *h)
{
	unsigned char *p = h->transport;
	__u32 room = h->length, next = h->protocol;

	for (int i = 0; i < PB_MAX_EXTENSIONS; i++) {
		__u32 size = 8;

		if (next != PB_PROTO_HOP_BY_HOP && next != PB_PROTO_ROUTING &&
		    next != PB_PROTO_FRAGMENT && next != PB_PROTO_DESTINATION)
			break;
		/* Hop-by-hop options come first or not at all (RFC 8200, 4.1). */
		if ((next == PB_PROTO_HOP_BY_HOP && i) || room < size || p + size > end)
			return PB_MALFORMED;
		if (next == PB_PROTO_FRAGMENT) {
			if (pb_be16(p + 2) & PB_IPV6_OFFSET)
				return PB_OTHER;
			h->fragmented |= p[3] & PB_IPV6_MORE;
		} else {
			size = ((__u32)p[1] + 1) * 8;
		}
		if (size > room)
			return PB_MALFORMED;
		next = p[0];
		p += size;
		room -= size;
	}
	h->transport = p;
	h->length = room;
	h->protocol = next;
	return PB_OK;
}

/* The whole way. PB_OK: `transport` is a UDP or TCP header that is all there. */
PB_INLINE enum pb_outcome pb_parse(unsigned char *frame, unsigned char *end, struct pb_headers *h)
{
	enum pb_outcome outcome = pb_parse_network(frame, end, h);
	unsigned char *t;

	if (outcome != PB_OK)
		return outcome;
	h->fragmented = 0;
	if (h->version == 4) {
		__u32 fragment = pb_be16(h->ip + 6);

		if (fragment & PB_IPV4_OFFSET)
			return PB_OTHER;
		h->fragmented = fragment & PB_IPV4_MORE;
	} else {
		outcome = pb_skip_extensions(end, h);
		if (outcome != PB_OK)
			return outcome;
	}
	t = h->transport;
	/* The comparisons with `end` say nothing new but to the verifier. */
	if (h->protocol == PB_PROTO_UDP) {
		__u32 length;

		if (h->length < PB_UDP_LEN || t + PB_UDP_LEN > end)
			return PB_MALFORMED;
		length = pb_be16(t + 4);
		if (length < PB_UDP_LEN || (!h->fragmented && length > h->length))
			return PB_MALFORMED;
		return PB_OK;
	}
	if (h->protocol == PB_PROTO_TCP) {
		__u32 header;

		if (h->length < PB_TCP_LEN || t + PB_TCP_LEN > end)
			return PB_MALFORMED;
		header = (t[12] >> 4) * 4;
		if (header < PB_TCP_LEN || header > h->length)
			return PB_MALFORMED;
		return PB_OK;
	}
	return PB_OTHER;
}
