// The backend `kernel-forward`: the kernel routes IPv4 from the first port to the second. There is
// no user-space loop; the DUT's work is NAPI's.
//
// From start() to stop() the first port forwards (its sysctl), and a route and a static neighbour
// say where the frames' network is. What is received is what the kernel forwarded and the second
// port's driver took. Drops: ip_no_route, ip_address (forwarding is off, or no address to forward
// to), ip_header (the time to live is over, or the header is unsound), ip_discarded,
// out_port_refused.
//
// All of it is counted by the port's namespace, and so needs one of its own.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_ether.h>

#include <cerrno>
#include <cmath>
#include <initializer_list>
#include <optional>
#include <string>

#include "backends/common/clean_start.hpp"
#include "backends/common/needs.hpp"
#include "backends/common/out_port.hpp"
#include "backends/common/snmp.hpp"
#include "harness/core/registry.hpp"
#include "harness/sys/fd.hpp"
#include "harness/sys/file.hpp"
#include "harness/sys/netns.hpp"
#include "harness/sys/rtnl.hpp"

namespace pktbench::backends {

namespace {

constexpr unsigned kNetworkLength = 24;  // of the network that the frames are for

class KernelForward final : public CleanStart {
 public:
  ~KernelForward() override { stop(); }

  Result<Counters> sample() override {
    if (!out_) return make_error(ErrorCode::failed, "kernel-forward is not started");
    const auto now = read_counters();
    if (!now) return now.error();
    const auto since = [&](std::initializer_list<const char*> names) {
      std::uint64_t sum = 0;
      for (const char* name : names)
        if (now->contains(name) && base_.contains(name)) sum += now->at(name) - base_.at(name);
      return sum;
    };
    Counters counters;
    counters.packets = since({"Ip.ForwDatagrams"});
    // IP counts from its header on. Which were not forwarded is not known: all have the mean size.
    if (const std::uint64_t came = since({"Ip.InReceives"}); came != 0)
      counters.bytes = static_cast<std::uint64_t>(std::llround(
          (static_cast<double>(since({"IpExt.InOctets"})) / static_cast<double>(came) + ETH_HLEN) *
          static_cast<double>(counters.packets)));
    counters.details["forwarded"] = counters.packets;
    counters.drops = {{"ip_no_route", since({"IpExt.InNoRoutes", "Ip.OutNoRoutes"})},
                      {"ip_address", since({"Ip.InAddrErrors"})},
                      {"ip_header", since({"Ip.InHdrErrors"})},
                      {"ip_discarded", since({"Ip.InDiscards"})}};
    if (auto r = out_->count(counters); !r) return r.error();
    if (queues_ == 1) counters.per_queue = {counters.packets};
    return counters;
  }

  void stop() noexcept override {
    out_.reset();
    snmp_.reset();
    netstat_.reset();
    if (!hop_) return;
    // No namespace: all of it went with that.
    if (auto inside = sys::NetnsScope::enter(hop_->out.netns_path)) {
      (void)sys::delete_neighbour(hop_->out.ifindex, hop_->destination);
      (void)sys::delete_route(hop_->out.ifindex, hop_->destination, kNetworkLength);
      if (!forwarding_.empty()) (void)sys::write_file(forwarding_, forwarded_before_);
    }
    forwarding_.clear();
    hop_.reset();
  }

 private:
  Result<EffectiveMode> begin(const BackendConfig& config) override {
    if (!config.hop)
      return make_error(ErrorCode::unsupported, "kernel-forward needs a second port to forward to");
    const Port& in = config.port;
    if (in.netns_path.empty())
      return make_error(ErrorCode::unsupported,
                        "kernel-forward would route for the whole host: give the ports namespaces "
                        "of their own, with /testbed/namespaces \"own\"");
    auto inside = sys::NetnsScope::enter(in.netns_path);
    if (!inside) return inside.error();
    queues_ = in.queues;
    hop_ = config.hop;
    if (auto r = route(in); !r) return r.error();
    if (auto r = OutPort::open(hop_->out).into(out_); !r) return r.error();
    // The files stay those of the namespace in which they were opened.
    for (auto [file, path] : {std::pair{&snmp_, "/proc/thread-self/net/snmp"},
                              std::pair{&netstat_, "/proc/thread-self/net/netstat"}}) {
      *file = sys::Fd(::open(path, O_RDONLY | O_CLOEXEC));
      if (!*file) return system_error(std::string("open ") + path, errno);
    }
    if (auto r = read_counters().into(base_); !r) return r.error();
    const auto forwards = sys::read_file(forwarding_);
    if (!forwards) return forwards.error();
    return EffectiveMode{"kernel-forward",
                         "kernel-forward",
                         {{"forwarding", in.name + "=" + *forwards},
                          {"route", fmt::format("/{} by {}", kNetworkLength, hop_->out.name)}}};
  }

  // The journal has the namespace that all of this is in.
  Result<void> route(const Port& in) {
    const std::string path = "/proc/sys/net/ipv4/conf/" + in.name + "/forwarding";
    if (auto r = sys::read_file(path).into(forwarded_before_); !r) return r;
    forwarding_ = path;
    if (auto r = sys::write_file(path, "1"); !r) return r;
    if (auto r = sys::add_route(hop_->out.ifindex, hop_->destination, kNetworkLength); !r) return r;
    return sys::add_neighbour(hop_->out.ifindex, hop_->destination, hop_->next);
  }

  Result<SnmpCounters> read_counters() const {
    SnmpCounters all;
    for (const sys::Fd* file : {&snmp_, &netstat_}) {
      const auto text = sys::read_all(*file, "read the namespace's IP counters");
      if (!text) return text.error();
      all.merge(parse_snmp(*text));
    }
    return all;
  }

  std::optional<Hop> hop_;        // none: nothing is routed
  std::string forwarding_;        // the sysctl's path; empty: it is as it was
  std::string forwarded_before_;  // its value
  unsigned queues_ = 1;
  std::optional<OutPort> out_;  // none: not started
  sys::Fd snmp_;
  sys::Fd netstat_;
  SnmpCounters base_;
};

}  // namespace

BackendType kernel_forward_backend() {
  return {.name = "kernel-forward",
          .summary = "the kernel's IPv4 routing: from the first port to the second",
          .workloads = {"forward"},
          .options = {},
          .probe = without_root,
          .make = [] { return std::make_unique<KernelForward>(); }};
}

}  // namespace pktbench::backends
