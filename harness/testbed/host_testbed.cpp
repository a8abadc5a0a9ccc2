#include "harness/testbed/host_testbed.hpp"

#include <time.h>

#include <algorithm>
#include <utility>

#include "harness/core/lookup.hpp"
#include "harness/measure/disturbance.hpp"
#include "harness/measure/thread_watch.hpp"
#include "harness/testbed/cpu_choice.hpp"

namespace pktbench::testbed {

namespace {

constexpr const char* kDutCpuOption = "dut_cpu";
constexpr const char* kAuto = "auto";
constexpr const char* kOldAuto = "-1";  // of a run whose scenario was resolved when it was a number

}  // namespace

std::string probe_two_cpus() {
  if (auto missing = sys::missing_capabilities(); !missing.empty())
    return "needs " + missing.front() + " (run as root)";
  return sys::allowed_cpus().size() < 2 ? "needs two CPUs" : "";
}

OptionSpec generator_cpu_option() {
  return number_option("generator_cpu", -1, -1, 1023,
                       "CPU of the generator; -1: the first this process may use");
}

OptionSpec dut_cpu_option(std::string help) {
  OptionSpec made = choice_option(kDutCpuOption, {kAuto}, std::move(help));
  made.pattern = "[0-9,-]+";
  return made;
}

void WallClock::sleep_ns(std::uint64_t ns, const StopFlag& stop) {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  const std::uint64_t end = now_ns() + ns;
  // In slices, because a signal may arrive between the check of `stop` and the sleep.
  for (std::uint64_t now = now_ns(); now < end && !stop; now = now_ns()) {
    const std::uint64_t slice = std::min(end - now, kSecond / 4);
    const timespec t{static_cast<time_t>(slice / kSecond), static_cast<long>(slice % kSecond)};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &t, nullptr);
  }
}

std::vector<DisturbanceSource*> HostTestbed::disturbances() {
  std::vector<DisturbanceSource*> all;
  for (const auto& source : sources_) all.push_back(source.get());
  return all;
}

Result<void> HostTestbed::choose_cpus(const Options& options, const std::string& testbed,
                                      QueueRange queues, LocalEnd& generator_end,
                                      LocalEnd& dut_end) {
  CpuChoice asked{static_cast<int>(option<std::int64_t>(options, "generator_cpu")), {}};
  if (const auto& said = option<std::string>(options, kDutCpuOption);
      said != kAuto && said != kOldAuto) {
    const auto listed = sys::parse_cpus(said);
    if (!listed)
      return make_error(ErrorCode::invalid_input, "/testbed/{}: {}", kDutCpuOption,
                        listed.error().message);
    for (const int cpu : *listed)
      if (!contains(asked.dut, cpu)) asked.dut.push_back(cpu);
  }
  auto chosen = testbed::choose_cpus(gather_host_cpus(dut_end.made.pci), asked, queues.most);
  if (!chosen && chosen.error().code == ErrorCode::refused)
    return make_error(ErrorCode::refused, "the {} testbed {}", testbed, chosen.error().message);
  if (!chosen) return chosen.error();
  dut_end_ = &dut_end;
  generator_end.made.cpus = {chosen->generator};
  dut_end.made.cpus = dut_cpus_ = std::move(chosen->dut);
  dut_end.made.queues = queues.least;
  queues_are_made_ = true;
  return {};
}

Result<void> HostTestbed::use_queues(unsigned queues) {
  Port& dut = dut_end_->made;
  const Port as_it_was = dut;
  queues_are_made_ = queues_are_made_ && dut.queues == queues;
  dut.queues = queues;
  dut.cpus = dut_cpus_;
  if (dut.cpus.size() > queues) dut.cpus.resize(queues);
  if (queues_are_made_) return {};
  if (auto r = make_queues(); !r) {
    // What mends the testbed makes what could be had.
    dut.queues = as_it_was.queues;
    dut.cpus = as_it_was.cpus;
    return r;
  }
  queues_are_made_ = true;
  return {};
}

Result<void> HostTestbed::make(const std::function<Result<void>()>& wire) {
  if (auto r = undo::Journal::create().into(journal_); !r) return r;
  if (auto made = wire(); !made) {
    (void)down();
    return made;
  }
  std::vector<Port> ports;
  for (const End* end : {&generator(), &dut()})
    if (end->port().here()) ports.push_back(end->port());
  sources_ = measure::host_disturbances(dut().port().cpus, ports);
  sources_.push_back(measure::foreign_programs_source(ports));
  sources_.push_back(measure::thread_source(*meter_));
  return {};
}

Result<void> HostTestbed::down() noexcept {
  sources_.clear();
  if (!journal_) return {};
  auto undone = journal_->undo_all();
  journal_.reset();
  return undone;
}

}  // namespace pktbench::testbed
