// The backend `nft-drop`. There is no user-space loop; the DUT's work is NAPI's.
//
// A rule in a table of its own, on the prerouting hook at priority raw, counts and drops the
// packets that came in by the port and are for the test frames' UDP port. nftables counts from the
// IP header on and after padding was cut off: 14 bytes a frame are added, and no test frame is
// padded. What the IP layer refuses before the hook (a bad header) is not counted. One skb is one
// frame, as in skb_backend.hpp.
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <unistd.h>

#include <atomic>

#include "backends/common/clean_start.hpp"
#include "backends/common/needs.hpp"
#include "backends/kernel/command.hpp"
#include "backends/kernel/nft_rule.hpp"
#include "bpf/frame.h"
#include "harness/core/registry.hpp"
#include "harness/sys/netns.hpp"

namespace pktbench::backends {

namespace {

constexpr int kRawPriority = -300;  // before connection tracking

class NftDrop final : public CleanStart {
 public:
  ~NftDrop() override { stop(); }

  Result<Counters> sample() override {
    if (table_.empty()) return make_error(ErrorCode::failed, "nft-drop is not started");
    auto rule = read_rule();
    if (!rule) return rule.error();
    Counters counters;
    counters.packets = rule->packets;
    counters.bytes = rule->bytes + rule->packets * ETH_HLEN;
    if (port_.queues == 1) counters.per_queue = {counters.packets};
    return counters;
  }

  void stop() noexcept override {
    if (table_.empty()) return;
    // Fails only where the namespace, and the table with it, is gone.
    (void)nft({"delete table " + family_ + table_});
    table_.clear();
  }

 private:
  Result<EffectiveMode> begin(const BackendConfig& config) override {
    static std::atomic<unsigned> count{0};
    port_ = config.port;
    if (auto r = kernel::find_command("nft", "nftables").into(nft_); !r) return r.error();
    // `create` fails where somebody has a table of that name. One transaction: all of it or
    // nothing.
    const std::string table = fmt::format("pktbench_{}_{}", getpid(), count++);
    family_ = config.traffic.ip == 6 ? "ip6 " : "ip ";
    const std::string chain = family_ + table + " drops";
    auto made =
        nft({fmt::format("create table {}{}; add chain {} {{ type filter hook prerouting priority "
                         "{}; policy accept; }}; add rule {} iif {} udp dport {} counter drop",
                         family_, table, chain, kRawPriority, chain, port_.ifindex, PB_UDP_PORT)});
    if (!made) return made.error();
    table_ = table;
    auto rule = read_rule();
    if (!rule) return rule.error();
    if (rule->hook != "prerouting" || rule->priority != kRawPriority || !rule->drops ||
        rule->device != port_.name || rule->port != PB_UDP_PORT)
      return make_error(ErrorCode::failed,
                        "nft lists another rule than was made for " + port_.name);
    return EffectiveMode{"nft-drop",
                         "nft-drop",
                         {{"hook", family_ + rule->hook},
                          {"priority", std::to_string(rule->priority)},
                          {"table", table_}}};
  }

  Result<kernel::NftRule> read_rule() const {
    auto listing = nft({"-j", "list table " + family_ + table_});
    if (!listing) return listing.error();
    return kernel::parse_nft_rule(*listing);
  }

  Result<std::string> nft(std::vector<std::string> arguments) const {
    auto inside = sys::NetnsScope::enter(port_.netns_path);
    if (!inside) return inside.error();
    arguments.insert(arguments.begin(), nft_);
    auto said = kernel::run_command(arguments);
    if (!said) return said.error();
    if (said->status == 0) return std::move(said->out);
    // What nft says for a kernel without nf_tables, or with a part of it missing.
    const bool missing = said->err.find("not supported") != std::string::npos;
    return Error{missing ? ErrorCode::unsupported : ErrorCode::failed,
                 "nft: " + said->err.substr(0, said->err.find('\n')), 0, said->err};
  }

  Port port_;
  std::string nft_;     // path of the command
  std::string family_;  // "ip " or "ip6 "
  std::string table_;   // empty: not started
};

Unavailable probe() {
  if (auto why = without_root(); !why.empty()) return why;
  if (const auto found = kernel::find_command("nft", "nftables"); !found)
    return found.error().message;
  return "";
}

}  // namespace

BackendType nft_drop_backend() {
  return {.name = "nft-drop",
          .summary = "an nftables rule at raw prerouting: counts and drops in the IP layer",
          .workloads = {"drop"},
          .options = {},
          .probe = probe,
          .make = [] { return std::make_unique<NftDrop>(); }};
}

}  // namespace pktbench::backends
