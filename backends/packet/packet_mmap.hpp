// The backend `packet-mmap`: AF_PACKET with a TPACKET_V3 ring of blocks that the kernel fills and
// user space reads in place. One socket and thread; with `fanout` "hash", one for each RX queue,
// among which the kernel spreads the flows.
//
// A block is handed over when it is full or `block_timeout_ms` after it was begun (up to twice
// that, and in steps of the kernel's timer): that is the latency of a frame at a low rate. sample()
// waits for the frames that the kernel has put into the ring already.
//
// The socket is a tap in front of the stack, bound to every protocol (ETH_P_ALL, as packet captures
// are): it sees what the device received, ARP included (foreign), before tc and netfilter do. What
// the device sends is not shown to it. Each frame goes on into the stack, which looks for a UDP
// socket, finds none and answers some with ICMP: that work is part of what this path costs on the
// DUT and is not taken out, since a capture on an address of this host's own pays for it too.
//
// Workloads look at the frame in the ring. The `addresses` of `count-per-ip` are summed over the
// threads: one whose flows went to two of them counts twice.
//
// `reflect` turns the frame round in the ring and sends it by sendmmsg() on the same socket, which
// copies it and waits while the socket's buffer is full. The frame itself goes on into the stack as
// ever. Details: `reflected`, and of those `not_sent`, which the kernel refused. What the device
// drops it counts itself.
//
// Drops: "packet_ring", no block was free.
#pragma once

#include "harness/core/registry.hpp"

namespace pktbench::backends {

BackendType packet_mmap_backend();

}  // namespace pktbench::backends
