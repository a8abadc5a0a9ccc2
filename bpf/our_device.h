/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Whether a device of the kernel's is the one that user space named before loading. */
#pragma once

struct ns_common {
	unsigned int inum;
} __attribute__((preserve_access_index));

struct net {
	struct ns_common ns;
} __attribute__((preserve_access_index));

typedef struct {
	struct net *net;
} __attribute__((preserve_access_index)) possible_net_t;

struct net_device {
	int ifindex;
	possible_net_t nd_net;
} __attribute__((preserve_access_index));

const volatile int our_ifindex = 0;
const volatile unsigned int our_netns = 0; /* inode number of the device's network namespace */

static __always_inline int is_ours(const struct net_device *dev)
{
	return dev->ifindex == our_ifindex && dev->nd_net.net->ns.inum == our_netns;
}
