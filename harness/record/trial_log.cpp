#include "harness/record/trial_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <utility>

#include "harness/record/json.hpp"
#include "harness/record/run_document.hpp"
#include "harness/sys/fd.hpp"
#include "harness/text/section.hpp"

namespace pktbench {

namespace {

constexpr const char* kLineSchema = "pktbench-trial/1";

// Every byte: whether the last line was ended matters here.
Result<std::string> read_whole(const std::string& path) {
  sys::Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT)
    return make_error(ErrorCode::invalid_input,
                      path + ": no such file, so that there is nothing to resume");
  if (!file) return system_error("open " + path, errno);
  std::string text;
  std::vector<char> chunk(1 << 16);
  for (;;) {
    const ssize_t n = read(file.get(), chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("read " + path, errno);
    if (n == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(n));
  }
}

Result<LoggedTrial> parse_line(const Json& json) {
  const auto text = [&json](const char* key) {
    const auto found = json.is_object() ? json.find(key) : json.end();
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (text("schema") != kLineSchema)
    return make_error(ErrorCode::invalid_input, "its schema is not \"{}\"", kLineSchema);
  LoggedTrial made;
  made.case_id = text("case");
  if (made.case_id.empty()) return make_error(ErrorCode::invalid_input, "it names no case");
  if (!json.contains("mode") || !json.contains("trial"))
    return make_error(ErrorCode::invalid_input, "it has no mode or no trial");
  const auto below = [](const char* pointer, Error error) {
    error.message.insert(0, pointer);
    return error;
  };
  auto mode = mode_from_json(json["mode"]);
  if (!mode) return below("/mode", mode.error());
  made.mode = std::move(*mode);
  auto trial = trial_from_json(json["trial"]);
  if (!trial) return below("/trial", trial.error());
  made.trial = std::move(*trial);
  return made;
}

}  // namespace

std::string trial_line(const CaseSpec& spec, const TrialRecord& trial) {
  return dump_json(Json({{"schema", kLineSchema},
                         {"case", spec.id},
                         {"mode", to_json(trial.mode, spec.backend)},
                         {"trial", to_json(trial)}}),
                   -1) +
         "\n";
}

Result<TrialLog> load_trials(const std::string& dir) {
  const std::string path = dir + "/" + kTrialLogName;
  const auto text = read_whole(path);
  if (!text) return text.error();

  TrialLog log;
  std::set<std::pair<std::string, int>> seen;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text->size();) {
    ++number;
    const std::size_t newline = text->find('\n', begin);
    const bool ended = newline != std::string::npos;
    const std::size_t end = ended ? newline : text->size();
    const std::string where = fmt::format("{}, line {}", path, number);
    const auto json = parse_json(text->substr(begin, end - begin), where, kRunLimits);
    if (!json && !ended) {
      log.torn = fmt::format("{}: cut short after {} bytes; the trial it was for is made again",
                             where, end - begin);
      break;
    }
    if (!json) return json.error();
    auto parsed = parse_line(*json);
    if (!parsed) return make_error(ErrorCode::invalid_input, where + ": " + parsed.error().message);
    if (!seen.emplace(parsed->case_id, parsed->trial.index).second)
      return make_error(ErrorCode::invalid_input, "{}: trial {} of case \"{}\" is there twice",
                        where, parsed->trial.index, parsed->case_id);
    log.trials.push_back(std::move(*parsed));
    log.intact_bytes = ended ? end + 1 : end;
    log.newline_due = !ended;
    begin = end + 1;
  }
  return log;
}

}  // namespace pktbench
