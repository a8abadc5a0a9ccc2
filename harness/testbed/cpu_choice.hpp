// Which CPUs work for the generator and for the queues of the DUT's port.
//
// Threads: values. Errors: `refused` where there are not two CPUs; `invalid_input` for a choice
// that this process may not use, naming the option.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/core/result.hpp"
#include "harness/host/host_facts.hpp"

namespace pktbench::testbed {

struct HostCpus {
  std::vector<int> allowed;               // that this process may use, ascending
  std::vector<int> near;                  // of the NUMA node of the DUT's port; empty: not known
  std::map<int, std::vector<int>> cores;  // by CPU: all of its core; not there: it is alone
};

// `pci`: of the DUT's port; empty: it is on no PCI bus.
HostCpus gather_host_cpus(const std::string& pci, const HostSources& sources = {});

struct CpuChoice {
  int generator = 0;
  std::vector<int> dut;  // queue k has the k-th; where there are fewer they take turns
};

// What was asked for: a generator of -1 and a DUT without CPUs are chosen. The generator's is the
// first CPU. The DUT's are one for each of `queues`, as far as there are, by this order: near the
// port before far from it, on a core that nobody else has before one that is shared, a high number
// before a low one.
Result<CpuChoice> choose_cpus(const HostCpus& host, CpuChoice asked, unsigned queues);

// The queue that each interrupt of a port serves, by what its driver calls them ("eth0-TxRx-3",
// "virtio1-input.0", "mlx5_comp2@pci:0000:01:00.0"). One whose name has no number, as for changes
// of the link, is queue 0's; where none has, they are given out in turn.
std::vector<unsigned> queues_of_interrupts(const std::vector<std::string>& names, unsigned queues);

}  // namespace pktbench::testbed
