#include "harness/measure/disturbance.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <optional>
#include <sstream>
#include <thread>
#include <utility>

#include "harness/sys/cpu.hpp"
#include "harness/sys/file.hpp"
#include "harness/sys/rtnl.hpp"
#include "harness/text/numbers.hpp"

namespace pktbench::measure {

namespace {

std::string cpu_key(int cpu) { return fmt::format("cpu{}", cpu); }

std::string times(double n) { return n == 1 ? "once" : fmt::format("{} times", std::llround(n)); }

DisturbanceReading read_interrupts(const std::vector<int>& cpus, const std::string& proc) {
  DisturbanceReading reading;
  for (const auto& [file, prefix] : {std::pair{"/interrupts", ""}, {"/softirqs", "softirq."}}) {
    auto table = sys::read_file(proc + file);
    if (!table) return {{}, table.error().message};
    for (int cpu : cpus)
      for (const auto& [name, n] : interrupts_of_cpu(*table, cpu))
        reading.values[cpu_key(cpu) + "." + prefix + name] = n;
  }
  if (reading.values.empty()) reading.missing = proc + "/interrupts does not list the DUT's CPUs";
  return reading;
}

// The kernel tells what an idle CPU had when it last worked, or its lowest frequency, and of a CPU
// that works what it had over the last tick or two.
constexpr std::chrono::milliseconds kAwake{30};

void wake(int cpu) {
  std::thread([cpu] {
    if (!sys::pin_thread(0, cpu)) return;
    const auto end = std::chrono::steady_clock::now() + kAwake;
    while (std::chrono::steady_clock::now() < end) {
    }
  }).join();
}

DisturbanceReading read_frequency(const std::vector<int>& cpus, const std::string& root) {
  DisturbanceReading reading;
  for (int cpu : cpus) {
    const std::string file = root + "/" + cpu_key(cpu) + "/cpufreq/scaling_cur_freq";
    if (sys::read_number(file)) wake(cpu);
    const auto khz = sys::read_number(file);
    if (!khz || *khz <= 0) return {{}, "this CPU's frequency is not told: no " + file};
    reading.values[cpu_key(cpu)] = static_cast<double>(*khz);
  }
  return reading;
}

DisturbanceFinding judge_frequency(const DisturbanceReading& before,
                                   const DisturbanceReading& after, const DisturbanceLimits&) {
  DisturbanceFinding finding;
  for (const auto& [cpu, khz] : after.values) {
    const double was = value_of(before.values, cpu);
    finding.evidence[cpu + ".khz_before"] = was;
    finding.evidence[cpu + ".khz_after"] = khz;
    if (was > 0 && std::abs(khz / was - 1) > kMaxFrequencyChange)
      finding.reasons.push_back(fmt::format("{} went from {} to {} MHz; fix its frequency", cpu,
                                            std::lround(was / 1000), std::lround(khz / 1000)));
  }
  return finding;
}

DisturbanceReading read_throttling(const std::vector<int>& cpus, const std::string& root) {
  DisturbanceReading reading;
  const std::string counters = "/thermal_throttle/";
  for (int cpu : cpus)
    for (const char* counter : {"core_throttle_count", "package_throttle_count"})
      if (const auto n = sys::read_number(root + "/" + cpu_key(cpu) + counters + counter))
        reading.values[cpu_key(cpu) + "." + counter] = static_cast<double>(*n);
  if (reading.values.empty())
    reading.missing = "this CPU does not count throttling: no " + root + "/" +
                      cpu_key(cpus.empty() ? 0 : cpus.front()) + counters;
  return reading;
}

DisturbanceReading read_link(const std::vector<Port>& ports) {
  DisturbanceReading reading;
  for (const Port& port : ports) {
    auto link = sys::get_link(port);
    if (!link) return {{}, link.error().message};
    reading.values[port.name + ".carrier_changes"] = static_cast<double>(link->carrier_changes);
  }
  return reading;
}

constexpr const char* kStall = "stall_us";

DisturbanceReading read_memory(const std::string& proc) {
  DisturbanceReading reading;
  auto vmstat = sys::read_file(proc + "/vmstat");
  if (!vmstat) return {{}, vmstat.error().message};
  std::istringstream lines(*vmstat);
  std::string name;
  double n = 0;
  while (lines >> name >> n) {
    if (name.starts_with("allocstall")) reading.values["allocstall"] += n;
    if (name == "pgmajfault" || name == "oom_kill") reading.values[name] = n;
  }
  // A kernel without PSI, or with it switched off, has no such file or does not let it be read.
  if (auto pressure = sys::read_file(proc + "/pressure/memory"))
    if (const auto at = pressure->find("some"); at != std::string::npos)
      if (const auto total = pressure->find("total=", at); total != std::string::npos)
        reading.values[kStall] = std::strtod(pressure->c_str() + total + 6, nullptr);
  return reading;
}

DisturbanceFinding judge_memory(const DisturbanceReading& before, const DisturbanceReading& after,
                                const DisturbanceLimits& limits) {
  DisturbanceFinding finding{what_grew(before, after), {}};
  const double stall = value_of(finding.evidence, kStall) / 1e6 / limits.window_s;
  if (after.values.contains(kStall)) {
    if (stall > kMaxMemoryStall)
      finding.reasons.push_back("tasks waited for memory for " + percent(stall) + " of the window");
  } else if (const double n = value_of(finding.evidence, "allocstall"); n > 0) {
    finding.reasons.push_back("the kernel was out of free memory " + times(n));
  }
  if (const double n = value_of(finding.evidence, "oom_kill"); n > 0)
    finding.reasons.push_back("the kernel killed for want of memory " + times(n));
  return finding;
}

// Whatever grew is evidence, and a reason as `reason` puts it.
JudgeDisturbance judge_growth(std::string (*reason)(const std::string& name, double n)) {
  return [reason](const DisturbanceReading& before, const DisturbanceReading& after,
                  const DisturbanceLimits&) {
    DisturbanceFinding finding{what_grew(before, after), {}};
    for (const auto& [name, n] : finding.evidence)
      if (reason) finding.reasons.push_back(reason(name, n));
    return finding;
  };
}

class FunctionSource final : public DisturbanceSource {
 public:
  FunctionSource(const char* name, ReadDisturbance read, JudgeDisturbance judge)
      : name_(name), read_(std::move(read)), judge_(std::move(judge)) {}
  std::string name() const override { return name_; }
  DisturbanceReading read() override { return read_(); }
  DisturbanceFinding judge(const DisturbanceReading& before, const DisturbanceReading& after,
                           const DisturbanceLimits& limits) const override {
    return judge_(before, after, limits);
  }

 private:
  const char* name_;
  ReadDisturbance read_;
  JudgeDisturbance judge_;
};

}  // namespace

std::map<std::string, double> what_grew(const DisturbanceReading& before,
                                        const DisturbanceReading& after) {
  std::map<std::string, double> grown;
  for (const auto& [name, value] : after.values) {
    const auto old = before.values.find(name);
    const double was = old == before.values.end() ? 0 : old->second;
    if (value > was) grown[name] = value - was;
  }
  return grown;
}

double value_of(const std::map<std::string, double>& values, const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? 0 : found->second;
}

std::map<std::string, double> interrupts_of_cpu(const std::string& table, int cpu) {
  std::map<std::string, double> counts;
  std::istringstream lines(table);
  std::string line;
  std::getline(lines, line);
  // The columns are the CPUs that are online.
  std::istringstream header(line);
  std::vector<std::string> cpus;
  for (std::string name; header >> name;) cpus.push_back(name);
  std::size_t column = 0;
  while (column < cpus.size() && cpus[column] != fmt::format("CPU{}", cpu)) ++column;
  if (column == cpus.size()) return counts;

  while (std::getline(lines, line)) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    const auto begin = line.find_first_not_of(' ');
    std::string name = line.substr(begin, colon - begin);
    std::istringstream fields(line.substr(colon + 1));
    double n = 0;
    double here = 0;
    std::size_t read = 0;
    for (; read < cpus.size() && fields >> n; ++read)
      if (read == column) here = n;
    if (read < cpus.size()) continue;  // one number for the whole machine ("ERR")
    if (name.find_first_not_of("0123456789") == std::string::npos) {
      // The chip and its own number come before the names of the handlers.
      std::string chip, number, handler;
      fields >> chip >> number;
      std::getline(fields >> std::ws, handler);
      name = handler.empty() ? "irq" + name : handler;
    }
    counts[name] += here;
  }
  return counts;
}

DisturbanceSources host_disturbances(const std::vector<int>& dut_cpus,
                                     const std::vector<Port>& ports, const std::string& root) {
  const std::string proc = root + "/proc";
  const std::string cpus = root + "/sys/devices/system/cpu";
  DisturbanceSources sources;
  const auto add = [&](const char* name, ReadDisturbance read, JudgeDisturbance judge) {
    sources.push_back(disturbance_source(name, std::move(read), std::move(judge)));
  };
  add(
      "interrupts", [=] { return read_interrupts(dut_cpus, proc); }, judge_growth(nullptr));
  add(
      kFrequency, [=] { return read_frequency(dut_cpus, cpus); }, judge_frequency);
  add(
      "throttling", [=] { return read_throttling(dut_cpus, cpus); },
      judge_growth([](const std::string& name, double n) {
        return "the hardware throttled for heat " + times(n) + " (" + name + ")";
      }));
  add(
      "link", [=] { return read_link(ports); }, judge_growth([](const std::string& name, double n) {
        return "the link of " + name.substr(0, name.rfind('.')) + " went up or down " + times(n);
      }));
  add(
      "memory", [=] { return read_memory(proc); }, judge_memory);
  return sources;
}

std::unique_ptr<DisturbanceSource> disturbance_source(const char* name, ReadDisturbance read,
                                                      JudgeDisturbance judge) {
  return std::make_unique<FunctionSource>(name, std::move(read), std::move(judge));
}

}  // namespace pktbench::measure
