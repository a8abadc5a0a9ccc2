#include "harness/testbed/cpu_choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <regex>
#include <tuple>

#include "harness/core/lookup.hpp"
#include "harness/host/port_facts.hpp"
#include "harness/sys/cpu.hpp"

namespace pktbench::testbed {

namespace {

bool share_a_core(const HostCpus& host, int a, int b) {
  const auto* core = find_in(host.cores, a);
  return core && contains(*core, b);
}

std::optional<unsigned> queue_in(const std::string& name) {
  // A device's own name may end in a number too, which stands after a letter.
  static const std::regex kNumber("(?:[-._]|comp|blk)([0-9]{1,4})(?:@.*)?");
  std::smatch found;
  const auto end = std::sregex_iterator();
  std::optional<unsigned> queue;
  for (auto at = std::sregex_iterator(name.begin(), name.end(), kNumber); at != end; ++at)
    if (at->suffix().length() == 0) queue = static_cast<unsigned>(std::stoul((*at)[1]));
  return queue;
}

}  // namespace

HostCpus gather_host_cpus(const std::string& pci, const HostSources& sources) {
  HostCpus host;
  host.allowed = sys::allowed_cpus();
  if (!pci.empty())
    if (const auto near = cpus_near(pci, sources)) host.near = *near;
  for (const int cpu : host.allowed)
    if (const auto core = read_cpus(fmt::format(
            "{}/devices/system/cpu/cpu{}/topology/thread_siblings_list", sources.sysfs, cpu)))
      host.cores[cpu] = *core;
  return host;
}

Result<CpuChoice> choose_cpus(const HostCpus& host, CpuChoice asked, unsigned queues) {
  if (host.allowed.size() < 2)
    return make_error(ErrorCode::refused,
                      "needs two CPUs, one for the generator and one for the DUT; this process may "
                      "use {}",
                      host.allowed.size());
  for (int cpu : asked.dut)
    if (!contains(host.allowed, cpu))
      return make_error(ErrorCode::invalid_input,
                        "/testbed/dut_cpu: this process may not use CPU {}", cpu);
  if (asked.generator >= 0 && !contains(host.allowed, asked.generator))
    return make_error(ErrorCode::invalid_input,
                      "/testbed/generator_cpu: this process may not use CPU {}", asked.generator);
  if (asked.generator < 0) {
    const auto free =
        std::ranges::find_if(host.allowed, [&](int cpu) { return !contains(asked.dut, cpu); });
    asked.generator = free == host.allowed.end() ? host.allowed.front() : *free;
  }
  if (contains(asked.dut, asked.generator))
    return make_error(ErrorCode::invalid_input,
                      "/testbed: generator_cpu and dut_cpu both have CPU {}; choose two",
                      asked.generator);
  if (!asked.dut.empty()) return asked;

  std::vector<int> left = host.allowed;
  std::erase(left, asked.generator);
  while (asked.dut.size() < queues && !left.empty()) {
    const auto rank = [&](int cpu) {
      const bool shared =
          share_a_core(host, cpu, asked.generator) ||
          std::ranges::any_of(asked.dut, [&](int dut) { return share_a_core(host, cpu, dut); });
      return std::tuple(!host.near.empty() && !contains(host.near, cpu), shared, -cpu);
    };
    const auto best = std::ranges::min_element(left, {}, rank);
    asked.dut.push_back(*best);
    left.erase(best);
  }
  return asked;
}

std::vector<unsigned> queues_of_interrupts(const std::vector<std::string>& names, unsigned queues) {
  std::vector<std::optional<unsigned>> told;
  for (const std::string& name : names) told.push_back(queue_in(name));
  const bool none = std::ranges::none_of(told, [](const auto& queue) { return queue.has_value(); });
  std::vector<unsigned> made;
  for (std::size_t i = 0; i < told.size(); ++i)
    made.push_back((none ? static_cast<unsigned>(i) : told[i].value_or(0)) % queues);
  return made;
}

}  // namespace pktbench::testbed
