#include "harness/live/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "harness/text/clean_text.hpp"

namespace pktbench {

namespace {

void put(const std::string& text) { std::fputs(text.c_str(), stderr); }

std::string describe(const TrialRecord& record) {
  if (record.status != TrialStatus::ok)
    return std::string(to_string(record.status)) + ": " + clean_line(record.reason);
  std::string cost;
  if (record.busy_cycles_per_packet)
    cost = fmt::format(", {:.0f} busy cycles/packet", *record.busy_cycles_per_packet);
  else if (record.cycles_per_packet)
    cost = fmt::format(", {:.0f} cycles/packet", *record.cycles_per_packet);
  const std::string load =
      record.target_pps ? fmt::format(" of {:.3f}", *record.target_pps / 1e6) : "";
  return fmt::format("{:.3f}{} Mpps{}, limited by {}", record.mpps.value_or(0), load, cost,
                     to_string(record.limiter));
}

// What both ways of showing it count and say alike.
class Progress : public Observer {
 public:
  void on_begin(std::size_t trials) override {
    total_ = trials;
    began_ = std::chrono::steady_clock::now();
  }
  void on_more(std::size_t trials, const std::string& why) override {
    total_ += trials;
    say(clean_line(why));
  }
  void on_skipped(const CaseSpec& spec, std::size_t trials, const std::string& why) override {
    done_ += trials;
    say(spec.id + ": " + clean_line(why));
  }

 protected:
  virtual void say(const std::string& what) = 0;

  std::size_t total_ = 0;
  std::size_t done_ = 0;
  std::chrono::steady_clock::time_point began_;
};

class Lines final : public Progress {
 public:
  Result<void> on_trial_ended(const CaseSpec& spec, const TrialRecord& record,
                              const TrialPlace& place, bool again) override {
    done_ += place.ended;
    const std::string of = again ? "" : fmt::format("/{}", place.rounds);
    say(fmt::format("{} trial {}{}: {}{}", spec.id, place.round + 1, of, describe(record),
                    again ? "; once more" : ""));
    return {};
  }
  void on_detail(const std::string& text) override { put(clean_text(text) + "\n"); }

 private:
  void say(const std::string& what) override {
    put(fmt::format("[{}/{}] {}\n", done_, total_, what));
  }
};

class Bar final : public Progress {
 public:
  void on_trial_started(const CaseSpec& spec, const TrialPlace& place) override {
    trial_ = fmt::format("{} trial {}/{}", spec.id, place.round + 1, place.rounds);
    draw(trial_);
  }
  void on_tick(const CaseSpec&, const method::Tick& tick) override {
    draw(fmt::format("{}  {}: {:.3f} Mpps", trial_, tick.phase, tick.received_pps / 1e6));
  }
  Result<void> on_trial_ended(const CaseSpec& spec, const TrialRecord& record,
                              const TrialPlace& place, bool again) override {
    ++made_;
    done_ += place.ended;
    if (again || record.status != TrialStatus::ok)
      say(fmt::format("{} trial {}: {}{}", spec.id, place.round + 1, describe(record),
                      again ? "; once more" : ""));
    return {};
  }
  void on_detail(const std::string& text) override { say(clean_text(text)); }
  void on_end() override { put(kClear); }

 private:
  static constexpr const char* kClear = "\r\033[K";

  void say(const std::string& what) override { put(kClear + what + "\n"); }
  void draw(const std::string& what) {
    winsize size{};
    const std::size_t columns =
        ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
    constexpr std::size_t kWidth = 24;
    const std::size_t filled = total_ ? std::min(kWidth, kWidth * done_ / total_) : kWidth;
    std::string line = fmt::format("[{:.<{}}] {}/{}{}  {}", std::string(filled, '#'), kWidth, done_,
                                   total_, eta(), what);
    if (line.size() + 1 > columns) line.resize(columns > 1 ? columns - 1 : 0);
    put(kClear + line);
    std::fflush(stderr);
  }
  std::string eta() const {
    if (made_ == 0) return "";
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - began_;
    const auto left = static_cast<int>(spent.count() / static_cast<double>(made_) *
                                       static_cast<double>(total_ - std::min(done_, total_)));
    return fmt::format("  {}:{:02} left", left / 60, left % 60);
  }

  std::string trial_;     // that is on
  std::size_t made_ = 0;  // in this process: skipped and resumed ones take no time
};

}  // namespace

std::unique_ptr<Observer> make_stderr_progress() {
  const char* kind = std::getenv("TERM");
  const bool dumb = kind && std::string_view(kind) == "dumb";  // it obeys no escapes
  if (isatty(STDERR_FILENO) && !dumb) return std::make_unique<Bar>();
  return std::make_unique<Lines>();
}

}  // namespace pktbench
