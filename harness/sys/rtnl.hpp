// Network devices by rtnetlink (libmnl), in the calling thread's network namespace.
//
// Threads: each call opens its own socket; none is shared.
#pragma once

#include <linux/if_link.h>
#include <linux/netlink.h>

#include <array>
#include <cstdint>
#include <string>

#include "harness/core/port.hpp"
#include "harness/core/result.hpp"

namespace pktbench::sys {

// With the counts of rtnl_link_stats64.
struct LinkInfo : rtnl_link_stats64 {
  LinkInfo() : rtnl_link_stats64{} {}
  std::string name;
  unsigned ifindex = 0;
  std::array<std::uint8_t, 6> mac{};
  unsigned mtu = 0;    // bytes
  unsigned flags = 0;  // IFF_*
  bool carrier = false;
  std::uint32_t carrier_changes = 0;
  unsigned xdp_program_id = 0;  // 0: none
  int xdp_mode = 0;             // XDP_ATTACHED_* of <linux/if_link.h>
};

// Of an RTM_NEWLINK; counts that it does not tell are 0.
LinkInfo link_in(const nlmsghdr* message);

Result<LinkInfo> get_link(const std::string& name);
Result<LinkInfo> get_link(const Port& port);  // in its namespace

// Makes `name` here and its peer in the namespace behind `peer_netns_fd`, each with `queues` RX and
// TX queues.
Result<void> create_veth_pair(const std::string& name, const std::string& peer, int peer_netns_fd,
                              unsigned queues);

// A device of ours; with a veth goes its peer.
Result<void> delete_link(unsigned ifindex);

Result<void> set_link_up(unsigned ifindex);

// Of IFF_*: those in `mask` become as in `flags`.
Result<void> set_link_flags(unsigned ifindex, unsigned flags, unsigned mask);

// In bytes.
Result<void> set_link_mtu(unsigned ifindex, unsigned mtu);

// Into the namespace behind `netns_fd`, under its name. The kernel takes the device down and its
// addresses and routes away; its index may change where another device has it there.
Result<void> move_link(unsigned ifindex, int netns_fd);

// Takes the device down first.
Result<void> rename_link(unsigned ifindex, const std::string& name);

// `ipv4` in host byte order.
Result<void> add_address(unsigned ifindex, std::uint32_t ipv4, unsigned prefix_length);
// Of the network around `ipv4`, by this device and no gateway.
Result<void> add_route(unsigned ifindex, std::uint32_t ipv4, unsigned prefix_length);
Result<void> delete_route(unsigned ifindex, std::uint32_t ipv4, unsigned prefix_length);
Result<void> delete_neighbour(unsigned ifindex, std::uint32_t ipv4);
Result<void> add_neighbour(unsigned ifindex, std::uint32_t ipv4,
                           const std::array<std::uint8_t, 6>& mac);

}  // namespace pktbench::sys
