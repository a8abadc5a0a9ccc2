#include "harness/cli/output.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <map>
#include <memory>
#include <string_view>

#include "harness/sys/write_all.hpp"
#include "harness/text/clean_text.hpp"

namespace pktbench::cli {

namespace {

class CleanMessage final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& line) override {
    const std::string text = clean_text({message.payload.data(), message.payload.size()});
    line.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<CleanMessage>();
  }
};

// errno, or 0.
int write_to_stdout(const std::string& text) {
  if (const int error = sys::write_all(STDOUT_FILENO, text); error != 0) return error;
  // Some file systems tell of a full disk only then.
  const int copy = dup(STDOUT_FILENO);
  return copy < 0 || close(copy) != 0 ? errno : 0;
}

}  // namespace

void set_up_log() {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<CleanMessage>('*').set_pattern("%n: %*");
  auto logger = spdlog::stderr_logger_st("pktbench");
  logger->set_formatter(std::move(formatter));
  spdlog::set_default_logger(std::move(logger));
}

int report_error(const Error& error) {
  spdlog::error("{}", error.message);
  if (!error.detail.empty()) spdlog::error("{}", error.detail);
  static const std::map<ErrorCode, ExitStatus> kStatus = {{ErrorCode::invalid_input, kUsage},
                                                          {ErrorCode::refused, kRefused},
                                                          {ErrorCode::unsupported, kUnsupported},
                                                          {ErrorCode::failed, kInternal},
                                                          {ErrorCode::interrupted, kInterrupted}};
  return kStatus.at(error.code);
}

Result<bool> print_part(const std::string& text) {
  const int error = write_to_stdout(text);
  if (error == 0 || error == EPIPE) return error == 0;
  return system_error("the result cannot be written to stdout", error);
}

int print_result(const std::string& text, int status) {
  const auto read = print_part(text);
  return read ? status : report_error(read.error());
}

Terminal stdout_terminal() {
  const auto set = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string_view(value ? value : "");
  };
  constexpr std::size_t kNarrowest = 40;
  const bool terminal = isatty(STDOUT_FILENO) == 1;
  Terminal made;
  made.colour = terminal && set("NO_COLOR").empty() && set("TERM") != "dumb";
  const std::string_view columns = set("COLUMNS");
  winsize size{};
  if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
    made.columns = size.ws_col ? size.ws_col : 80;
  std::from_chars(columns.data(), columns.data() + columns.size(), made.columns);
  if (made.columns > 0) made.columns = std::max(made.columns, kNarrowest);
  return made;
}

}  // namespace pktbench::cli
