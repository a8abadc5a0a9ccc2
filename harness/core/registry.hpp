// What this build has: workloads, backends, generators, testbeds and methods, each with its
// choices. Filled by cli, the only room that links them all; everything else sees these tables.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "harness/core/backend.hpp"
#include "harness/core/lookup.hpp"
#include "harness/core/method.hpp"
#include "harness/core/options.hpp"
#include "harness/core/testbed.hpp"
#include "harness/core/traffic.hpp"

namespace pktbench {

// What is between the ends of a testbed.
enum class Medium {
  network,    // network devices
  memory,     // no device: frames go through memory (harness/sys/memory_wire.hpp)
  simulated,  // no frames: a VirtualDevice
};
using Media = std::set<Medium>;

// Empty: available. Otherwise the reason why not, as a sentence.
using Unavailable = std::string;

// What is done with each frame.
struct WorkloadType {
  std::string name;
  std::string summary = {};  // one line
  bool filters = false;      // takes out the frames of the scenario's `filter`
  bool sends_back = false;   // frames go back to the generator
  bool forwards = false;     // frames go on, out of the DUT's second port to the generator's
};

struct BackendType {
  std::string name;
  std::string summary;                 // one line
  std::vector<std::string> workloads;  // those it can do; the first is the default
  std::vector<OptionSpec> options;
  std::function<Unavailable()> probe;  // leaves nothing behind; needs no port
  std::function<std::unique_ptr<Backend>()> make;
  Media media = {Medium::network};  // those it works on
  // It reads each frame's tag, whatever the workload, and so tells others' frames from this
  // trial's. Else `drop` reads nothing of a frame in user space or in its program, and whatever
  // comes counts.
  bool reads_tag = false;
  // Workloads it can never have, each with the reason.
  std::map<std::string, std::string> cannot = {};
  bool stamps = false;  // its backends are DelayRecorders
  // Stamps beside those of software that it can never have, each with the reason.
  std::map<Stamp, std::string> cannot_stamp = {};
};

struct GeneratorType {
  std::string name;
  std::string summary;
  std::vector<OptionSpec> options;
  std::function<Unavailable()> probe;
  std::function<std::unique_ptr<TrafficSource>()> make;
  Media media = {Medium::network};
  bool one_queue = false;  // all its frames arrive on one RX queue, however many flows they have
  bool stamps = false;     // its sources are DelayRecorders
};

struct TestbedType {
  std::string name;
  std::string summary;
  bool touches_host = true;  // needs privileges, the host lock and the undo journal
  bool is_virtual = true;    // its figures say nothing about hardware
  std::vector<OptionSpec> options;
  std::function<Unavailable()> probe;
  std::function<std::unique_ptr<Testbed>()> make;
  Medium medium = Medium::network;
};

struct Registry {
  std::vector<WorkloadType> workloads;  // the first is the default
  std::vector<BackendType> backends;
  std::vector<GeneratorType> generators;
  std::vector<TestbedType> testbeds;
  std::vector<MethodType> methods;  // the first is the default
};

// Null where there is no such name.
template <class T>
const T* find_by_name(const std::vector<T>& types, const std::string& name) {
  return find_by(types, name, &T::name);
}

}  // namespace pktbench
