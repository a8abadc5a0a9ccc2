#include "harness/record/trial_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <utility>

#include "harness/record/field_json.hpp"
#include "harness/record/fields.hpp"
#include "harness/record/run_document.hpp"
#include "harness/sys/fd.hpp"

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

const Fields<LoggedTrial>& line_fields() {
  using L = LoggedTrial;
  static const Fields<L> made("", {{"case", &L::case_id, ""},
                                   {"mode", object(&L::mode, mode_fields()), ""},
                                   {"trial", object(&L::trial, trial_fields()), ""}});
  return made;
}

Result<LoggedTrial> parse_line(const Json& json) {
  if (part(json, "schema") != kLineSchema)
    return make_error(ErrorCode::invalid_input, "its schema is not \"{}\"", kLineSchema);
  return read_record(line_fields(), json);
}

}  // namespace

std::string trial_line(const CaseSpec& spec, const TrialRecord& trial) {
  Json line = {{"schema", kLineSchema}};
  line.update(write_record(line_fields(), {spec.id, asked_of(trial.mode, spec.backend), trial}));
  return dump_json(line, -1) + "\n";
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
