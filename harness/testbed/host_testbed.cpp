#include "harness/testbed/host_testbed.hpp"

#include <time.h>

#include <algorithm>
#include <utility>

#include "harness/measure/disturbance.hpp"
#include "harness/measure/thread_watch.hpp"

namespace pktbench::testbed {

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
  return number_option("dut_cpu", -1, -1, 1023, std::move(help));
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
                                      LocalEnd& generator_end, LocalEnd& dut_end) {
  const std::vector<int> cpus = sys::allowed_cpus();
  if (cpus.size() < 2)
    return make_error(ErrorCode::refused,
                      "the {} testbed needs two CPUs, one for the generator and one for the DUT; "
                      "this process may use {}",
                      testbed, cpus.size());
  auto generator = static_cast<int>(option<std::int64_t>(options, "generator_cpu"));
  auto dut = static_cast<int>(option<std::int64_t>(options, "dut_cpu"));
  if (dut < 0) dut = cpus.back() != generator ? cpus.back() : cpus.front();
  if (generator < 0) generator = cpus.front() != dut ? cpus.front() : cpus.back();
  for (const int cpu : {generator, dut})
    if (std::find(cpus.begin(), cpus.end(), cpu) == cpus.end())
      return make_error(ErrorCode::invalid_input, "/testbed: this process may not use CPU {}", cpu);
  if (generator == dut)
    return make_error(ErrorCode::invalid_input,
                      "/testbed: generator_cpu and dut_cpu are both {}; choose two", dut);
  generator_end.made.cpus = {generator};
  dut_end.made.cpus = {dut};
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
