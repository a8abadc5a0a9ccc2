// Backends that receive where the kernel does: at tc ingress, in nftables, in the IP layer, and on
// the NIC itself. There is no user-space loop; the DUT's work is NAPI's.
//
// All but xdp-offload see skbs. One skb is one frame, so nothing may merge frames before: that is
// the kernel's default for UDP (GRO merges it only where rx-udp-gro-forwarding is on or a socket
// asks for it).
#pragma once

#include "harness/core/registry.hpp"

namespace pktbench::backends {

// A BPF program at tc ingress, before every other one there, counts and drops all frames. Option
// `hook`: "tcx" (Linux 6.6; goes when the process dies), "clsact" (a cls_bpf filter, which stays on
// the device when the process is killed), or "auto": tcx where the kernel has it. The mode's detail
// `hook` says which it is.
BackendType tc_drop_backend();

// A rule in a table of its own, on the prerouting hook at priority raw, counts and drops the
// packets that came in by the port and are for the test frames' UDP port. nftables counts from the
// IP header on and after padding was cut off: 14 bytes a frame are added, and no test frame is
// padded. What the IP layer refuses before the hook (a bad header) is not counted.
BackendType nft_drop_backend();

// The spectator: counts the port's IPv4 packets and lets them go on. Option `probe`: "fentry"
// counts where the IP layer receives them (ip_rcv_core); "tracepoint" a little earlier, at the
// stack's door (netif_receive_skb, before packet sockets and tc); "auto": fentry where the host
// allows it. The mode's detail `probe` says which it is; the two are not to be compared. What
// becomes of the packets is the stack's affair, and its cost is the DUT's: nobody listens, so it
// answers some with an ICMP error, as many as its rate limit lets.
BackendType kprobe_count_backend();

// The program runs on the NIC. `unsupported`, in the driver's own words, where the NIC cannot.
BackendType xdp_offload_backend();

}  // namespace pktbench::backends
