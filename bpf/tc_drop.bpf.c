// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* Counts every frame per recorded RX queue and CPU at tc ingress, and drops it without reading it. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include "skb_count.h"

SEC("tc")
int drop(struct __sk_buff *skb)
{
	count_frame(skb->queue_mapping, skb->len);
	return TC_ACT_SHOT;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
