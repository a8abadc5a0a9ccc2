#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <boost/algorithm/string/join.hpp>
#include <boost/algorithm/string/split.hpp>
#include <nlohmann/json.hpp>

#include "harness/cli/commands.hpp"
#include "harness/cli/exit_status.hpp"
#include "harness/cli/host.hpp"
#include "harness/cli/output.hpp"
#include "harness/core/version.hpp"
#include "harness/record/json.hpp"
#include "harness/sys/caller.hpp"
#include "harness/testbed/doctor.hpp"
#include "harness/text/clean_text.hpp"
#include "harness/text/fit.hpp"
#include "harness/text/suggest.hpp"

namespace pktbench::cli {

namespace {

using Json = nlohmann::ordered_json;

struct PortLine {
  std::string name;
  std::string pci;
  SafetyVerdict safety;
};

struct Report {
  HostFacts host;
  std::vector<Finding> host_findings;
  std::optional<PortFacts> port;
  std::vector<Finding> port_findings;
  std::vector<PortLine> ports;  // where no port was asked for
  std::vector<Applied> applied;
  bool apply = false;
};

const char* severity_name(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "ERROR";
    case Severity::warn:
      return "WARN";
    case Severity::info:
      break;
  }
  return "INFO";
}

Result<Report> examine(const DoctorArguments& arguments) {
  const SafetyPolicy policy{arguments.allowed_pci, arguments.i_know_this_is};
  Report report;
  report.host = gather_host_facts();
  report.host_findings = check_host(report.host);
  if (arguments.port.empty()) {
    const NetworkState state = gather_network_state();
    for (const NetDevice& device : state.devices)
      if (!device.loopback)
        report.ports.push_back({device.name, device.pci, judge_port(device.name, policy, state)});
    return report;
  }
  auto port = gather_port_facts(arguments.port, policy);
  if (!port) {
    Error error = port.error();
    const auto names = list_ports();
    if (error.code == ErrorCode::invalid_input && names)
      error.message += suggestion(arguments.port, *names);
    return error;
  }
  report.port_findings = check_port(*port, report.host);
  report.port = std::move(*port);
  return report;
}

std::string findings_text(std::vector<Finding> findings) {
  for (Finding& f : findings)
    for (std::string* text : {&f.seen, &f.why, &f.fix}) *text = clean_line(*text);
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
  std::string made;
  for (const Finding& f : findings) {
    made += fmt::format("  {:<5} {}: {}{}\n", severity_name(f.severity), f.check,
                        f.unknown ? "unknown: " : "", f.seen);
    if (f.severity != Severity::info) made += fmt::format("        why: {}\n", f.why);
    if (!f.fix.empty()) made += fmt::format("        fix: {}\n", f.fix);
  }
  return made;
}

bool any_fix(const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& f) { return !f.fix.empty(); });
}

std::string target_of(const Applied& a) {
  return clean_line(a.device + (a.device.empty() ? "" : " ") + a.setting);
}

std::string as_text(const Report& report) {
  std::string made =
      fmt::format("host (Linux {})\n",
                  report.host.kernel ? clean_line(*report.host.kernel) : "of unknown version");
  made += findings_text(report.host_findings);
  if (report.port) {
    const PortFacts& p = *report.port;
    made += fmt::format("\nport {} (driver {}{})\n", p.name.empty() ? p.pci : clean_line(p.name),
                        p.driver.empty() ? "unknown" : clean_line(p.driver),
                        p.pci.empty() || p.name.empty() ? "" : ", PCI " + p.pci);
    made += findings_text(report.port_findings);
  } else {
    made += "\nports\n";
    for (const PortLine& line : report.ports)
      made += fmt::format(
          "  {:<15} {:<13} {}\n", clean_line(line.name), line.pci.empty() ? "-" : line.pci,
          line.safety.allowed
              ? "may be used"
              : clean_line("refused: " + boost::algorithm::join(line.safety.reasons, "; ")));
  }
  // A redirection is the shell's own doing: sudo before the command does not reach it.
  if (geteuid() != 0 && (any_fix(report.host_findings) || any_fix(report.port_findings)))
    made += "\nThe commands under \"fix\" are for a shell of root (sudo -s).\n";
  if (!report.apply) return made;
  made += fmt::format("\napplied{}\n", report.applied.empty() ? ": nothing was left to set" : "");
  for (const Applied& a : report.applied)
    made += a.failed.empty()
                ? fmt::format("  {}: {} -> {}\n", target_of(a), clean_line(a.before),
                              clean_line(a.after))
                : fmt::format("  {}: not set: {}\n", target_of(a), clean_line(a.failed));
  if (!report.applied.empty()) made += "  until: " + sys::called_as() + " restore\n";
  return made;
}

// A command to type stays in one piece.
std::string fitted(const std::string& text, std::size_t columns) {
  std::vector<std::string> lines;
  boost::algorithm::split(lines, text, [](char c) { return c == '\n'; });
  for (std::string& line : lines)
    if (!line.starts_with("        fix: ")) line = wrapped(line, columns);
  return boost::algorithm::join(lines, "\n");
}

Json or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

Json safety_json(const SafetyVerdict& verdict) {
  return {{"allowed", verdict.allowed}, {"reasons", verdict.reasons}, {"waived", verdict.waived}};
}

void add_findings(const std::string& subject, const std::vector<Finding>& findings, Json& all) {
  for (const Finding& f : findings)
    all.push_back({{"subject", subject},
                   {"severity", severity_name(f.severity)},
                   {"check", f.check},
                   {"unknown", f.unknown},
                   {"seen", f.seen},
                   {"why", f.why},
                   {"fix", or_null(f.fix)}});
}

std::string as_json(const Report& report) {
  Json findings = Json::array();
  add_findings("host", report.host_findings, findings);
  Json j = {{"schema", "pktbench-doctor/1"},
            {"tool_version", build_info().version},
            {"kernel", report.host.kernel ? Json(*report.host.kernel) : Json()},
            {"port", nullptr},
            {"ports", Json::array()},
            {"findings", nullptr},
            {"applied", nullptr}};
  if (report.port) {
    const PortFacts& p = *report.port;
    add_findings(p.name.empty() ? p.pci : p.name, report.port_findings, findings);
    j["port"] = {{"interface", or_null(p.name)},
                 {"pci", or_null(p.pci)},
                 {"driver", or_null(p.driver)},
                 {"safety", safety_json(p.safety)}};
  }
  for (const PortLine& line : report.ports)
    j["ports"].push_back({{"interface", line.name},
                          {"pci", or_null(line.pci)},
                          {"safety", safety_json(line.safety)}});
  j["findings"] = std::move(findings);
  if (report.apply) {
    j["applied"] = Json::array();
    for (const Applied& a : report.applied)
      j["applied"].push_back({{"device", or_null(a.device)},
                              {"setting", a.setting},
                              {"wanted", a.wanted},
                              {"before", or_null(a.before)},
                              {"after", or_null(a.after)},
                              {"failed", or_null(a.failed)}});
  }
  return dump_json(j, 2) + "\n";
}

// Sets what can be set and examines anew. A refused port is left alone, and so is the host.
Result<Report> apply(const DoctorArguments& arguments) {
  auto lock = claim_host("doctor --apply");
  if (!lock) return lock.error();
  auto before = examine(arguments);
  if (!before) return before;
  if (before->port && !before->port->safety.allowed) return before;
  auto journal = undo::Journal::kept();
  if (!journal) return journal.error();
  std::vector<Finding> findings = before->host_findings;
  findings.insert(findings.end(), before->port_findings.begin(), before->port_findings.end());
  auto applied = apply_settings(findings, *journal);
  if (!applied) return applied.error();
  if (journal->size() == 0)
    if (auto r = journal->undo_all(); !r) return r.error();
  auto after = examine(arguments);
  if (!after) return after;
  after->applied = std::move(*applied);
  after->apply = true;
  return after;
}

}  // namespace

int doctor_command(const DoctorArguments& arguments) {
  auto report = examine(arguments);
  if (report && arguments.apply) report = apply(arguments);
  if (!report) return report_error(report.error());
  const std::string text =
      arguments.json ? as_json(*report) : fitted(as_text(*report), stdout_terminal().columns);
  const auto is_error = [](const Finding& f) { return f.severity == Severity::error; };
  const auto failed = [](const Applied& a) { return !a.failed.empty(); };
  if (std::any_of(report->host_findings.begin(), report->host_findings.end(), is_error) ||
      std::any_of(report->port_findings.begin(), report->port_findings.end(), is_error))
    return print_result(text, kRefused);
  const bool any_failed = std::any_of(report->applied.begin(), report->applied.end(), failed);
  return print_result(text, any_failed ? kInternal : kDone);
}

}  // namespace pktbench::cli
