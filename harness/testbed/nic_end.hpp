// An end of testbed `nic`: finding its port, asking whether it may be used, setting what the
// scenario's options say, and moving it into its namespace.
//
// Threads: one controlling thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/sys/fd.hpp"
#include "harness/sys/xdp_hook.hpp"
#include "harness/testbed/network_end.hpp"
#include "harness/testbed/nic_options.hpp"
#include "harness/undo/journal.hpp"
#include "harness/undo/port_state.hpp"

namespace pktbench::testbed {

class NicEnd final : public NetworkEnd {
 public:
  // `role`: the option that names its port; "dut_out" and "generator_in" are second ports, which
  // have no address. `options` outlive it.
  NicEnd(std::string role, measure::PortEnd side, const NicOptions& options,
         MakeReturnSink make_sink = {})
      : NetworkEnd(side), options_(options), second_(role == "dut_out" || role == "generator_in") {
    report_.role = std::move(role);
    make_sink_ = std::move(make_sink);
  }

  // In the calling thread's namespace. Errors: `refused` with every reason, `invalid_input` where
  // there is no such port.
  Result<void> find();

  // From the calling thread's namespace into that of `made`, where it is to have one.
  Result<void> place();

  // Settings, addresses, link up. REQUIRES: the port is where it belongs. Errors: `unsupported`
  // where the DUT cannot have as many queues as `made`.
  Result<void> configure();

  // As many as `made` has, in its namespace. Errors: as configure().
  Result<void> set_queues();

  // Waits for it, and sets what exists, or is known, only then. Errors: `failed` where the link has
  // no carrier within 20 s; `unsupported` where NAPI cannot be had in threads and is to be; those
  // of settle().
  Result<void> after_carrier();

  // Attaching a program resets many a NIC, and giving one to DPDK the link to the other: waits for
  // the carrier again. Errors: `refused` where an interrupt cannot be put on its queue's CPU,
  // unless NAPI is in threads: work that goes on where it is not measured would make a cheap packet
  // of a dear one.
  Result<std::vector<pid_t>> settle(bool polled) override;

  // Huge pages, and the governor of `cpus`; the journal undoes them. Errors: the journal's.
  Result<void> set_host(const std::vector<int>& cpus, undo::Journal& journal);

  std::string why_not_spread() const override;
  Result<void> let_redirects_out() override;
  void release_returned() noexcept override;
  std::vector<std::uint32_t> programs() const override;
  std::optional<PortReport> report() const override { return report_; }
  const undo::PortState& was() const { return was_; }
  // The namespace that the port may be moved to.
  void may_go_to(const std::string& netns) { made.netns_path = was_.away = netns; }

 private:
  // These set it in the calling thread's namespace and read it back; what came of it is noted in
  // the report, in the place of what was noted earlier. False: it is not as wanted.
  bool apply(const std::string& setting, const std::string& value);
  // The same with what is there, each word as `make` has it. `asked`: what is noted as wanted where
  // the device has no such setting.
  bool change(const std::string& setting, const std::string& asked,
              const std::function<std::string(const std::string& word)>& make);
  // No value: as it is.
  void change_part(const std::string& setting, const std::string& key,
                   std::optional<std::int64_t> value, const std::string& off = "");
  bool note(Applied done);
  const std::string& why_not(const std::string& setting) const;

  Result<void> judge();
  Result<void> choose_queues();
  void set_before_up();
  Result<void> add_own_addresses();
  Result<void> wait_for_carrier() const;
  void read_link_rate();
  Result<void> place_interrupts();

  // What the DUT's port could not send, and what this one could not take. A port that DPDK has
  // counts nothing here; of a second port the backend counts what could not be sent.
  Result<DropCounts> drops_on_the_way_back() const override;
  Result<void> set_mtu(unsigned mtu) override;

  const NicOptions& options_;
  const bool second_;
  sys::AttachedXdp pass_;  // a program that lets everything through
  undo::PortState was_;
  PortReport report_;
};

}  // namespace pktbench::testbed
