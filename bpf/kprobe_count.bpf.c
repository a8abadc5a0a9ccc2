// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * The spectator: counts the IPv4 packets of one device where the kernel receives them, and lets them
 * go on. All namespaces share these places. User space loads one of the two programs:
 * ip_rcv_core() is the one function of the IP layer that packets pass both singly and in lists; the
 * tracepoint is at the stack's door, before packet sockets and tc.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "our_device.h"
#include "skb_count.h"

struct sk_buff {
	struct net_device *dev;
	unsigned int len;
	__u16 queue_mapping;
	__be16 protocol;
} __attribute__((preserve_access_index));

/* Per packet: five loads and two compares beyond counting. */
static __always_inline int count(struct sk_buff *skb)
{
	if (is_ours(skb->dev))
		count_frame(skb->queue_mapping,
			    skb->len + ETH_HLEN); /* the link layer took its header off */
	return 0;
}

SEC("fentry/ip_rcv_core")
int BPF_PROG(count_in_ip, struct sk_buff *skb)
{
	return count(skb);
}

SEC("tp_btf/netif_receive_skb")
int BPF_PROG(count_at_door, struct sk_buff *skb)
{
	return skb->protocol == bpf_htons(ETH_P_IP) ? count(skb) : 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
