#include <boost/algorithm/string/case_conv.hpp>
#include <boost/algorithm/string/join.hpp>
#include <boost/algorithm/string/replace.hpp>
#include <boost/algorithm/string/trim.hpp>

#include "harness/cli/choices.hpp"
#include "harness/cli/pages.hpp"
#include "harness/core/version.hpp"

namespace pktbench::cli {

namespace {

// As text, and not as a request of roff's.
std::string roff(const std::string& text) {
  std::string made;
  for (const char c : text) {
    if ((c == '.' || c == '\'') && (made.empty() || made.back() == '\n')) made += "\\&";
    if (c == '-')
      made += "\\-";
    else if (c == '\\')
      made += "\\e";
    else
      made += c;
  }
  return made;
}

std::string one_line(const std::string& text) {
  return boost::algorithm::replace_all_copy(text, "\n", " ");
}

std::string name_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return "\\fB" + roff(boost::algorithm::join(names, ", ")) + "\\fR";
}

std::string value_of(const CLI::Option& option) {
  if (option.get_type_size() == 0) return "";
  std::string type = option.get_type_name();
  if (!option.get_default_str().empty()) type += " [" + option.get_default_str() + "]";
  return " \\fI" + roff(type) + "\\fR";
}

std::string options_of(const CLI::App& app) {
  std::string made;
  for (const CLI::Option* option : app.get_options()) {
    if (option == app.get_help_ptr() && app.get_parent()) continue;  // all have that
    const bool positional = option->get_positional();
    made += ".TP\n" + (positional ? "\\fI" + roff(option->get_name()) + "\\fR" : name_of(*option)) +
            (positional ? "" : value_of(*option)) + "\n" +
            roff(one_line(option->get_description())) + "\n";
  }
  return made;
}

// Examples and lists as they stand, sentences as running text.
std::string footer_of(const CLI::App& app) {
  std::string made;
  std::string footer = app.get_footer();
  for (std::size_t at = 0; at < footer.size();) {
    std::size_t end = footer.find("\n\n", at);
    if (end == std::string::npos) end = footer.size();
    const std::string part = boost::algorithm::trim_copy(footer.substr(at, end - at));
    at = end + 2;
    if (part.empty()) continue;
    if (part.starts_with("Example:"))
      made += ".PP\nExample:\n.PP\n.nf\n" + roff(part.substr(9)) + "\n.fi\n";
    else
      made += ".PP\n" + roff(one_line(part)) + "\n";
  }
  return made;
}

std::string usage_of(const CLI::App& app) {
  std::string made = ".B pktbench " + app.get_name() + "\n[\\fIOPTIONS\\fR]";
  for (const CLI::Option* option : app.get_options())
    if (option->get_positional()) {
      const std::string name = boost::algorithm::to_upper_copy(option->get_name());
      const std::string several = option->get_expected_max() > 1 ? "..." : "";
      made += option->get_required() ? " \\fI" + name + "\\fR" + several
                                     : " [\\fI" + name + "\\fR" + several + "]";
    }
  return made + "\n";
}

}  // namespace

std::string man_page(const CLI::App& app) {
  const auto commands = commands_of(app);
  std::string made =
      ".TH PKTBENCH 1 \"\" \"pktbench " + roff(build_info().version) +
      "\" \"User Commands\"\n.SH NAME\n" +
      "pktbench \\- every way of receiving a packet on Linux through one measurement\n"
      ".SH SYNOPSIS\n";
  for (const CLI::App* command : commands) made += usage_of(*command) + ".br\n";
  made += ".SH OPTIONS\n" + options_of(app) + footer_of(app) + ".SH COMMANDS\n";
  for (const CLI::App* command : commands)
    made += ".SS " + command->get_name() + "\n" + roff(one_line(command->get_description())) +
            ".\n" + options_of(*command) + footer_of(*command);
  return made +
         ".SH ENVIRONMENT\n.TP\n\\fBNO_COLOR\\fR\nWhere it is set, tables have no colours.\n"
         ".SH FILES\n"
         ".TP\n\\fI./results/\\fR\nWhere runs land without \\fB\\-\\-out\\fR.\n"
         ".TP\n\\fI/run/pktbench/\\fR\nThe lock of the host, and what is to be undone on it.\n"
         ".TP\n\\fI~/.cache/pktbench/lab/\\fR\nThe kernel of the lab's guest.\n";
}

}  // namespace pktbench::cli
