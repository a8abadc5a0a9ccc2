#include "harness/runner/progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include "harness/text/clean_text.hpp"

namespace pktbench {

namespace {

class Silent final : public Progress {
 public:
  void begin(std::size_t) override {}
  void more(std::size_t, const std::string&) override {}
  void trial_started(const CaseSpec&, int, int) override {}
  void trial_ended(const CaseSpec&, const TrialRecord&, int) override {}
  void repeating(const CaseSpec&, const TrialRecord&) override {}
  void skipped(const CaseSpec&, std::size_t, const std::string&) override {}
  void detail(const std::string&) override {}
  void end() override {}
};

std::string describe(const TrialRecord& record) {
  if (record.status != TrialStatus::ok)
    return std::string(to_string(record.status)) + ": " + clean_line(record.reason);
  char text[160];
  if (record.cycles_per_packet)
    std::snprintf(text, sizeof text, "%.3f Mpps, %.0f cycles/packet, limited by %s",
                  record.mpps.value_or(0), *record.cycles_per_packet, to_string(record.limiter));
  else
    std::snprintf(text, sizeof text, "%.3f Mpps, limited by %s", record.mpps.value_or(0),
                  to_string(record.limiter));
  return text;
}

class Lines final : public Progress {
 public:
  void begin(std::size_t trials) override { total_ = trials; }
  void more(std::size_t trials, const std::string& why) override {
    total_ += trials;
    std::fprintf(stderr, "[%zu/%zu] %s\n", done_, total_, clean_line(why).c_str());
  }
  void trial_started(const CaseSpec&, int, int) override {}
  void trial_ended(const CaseSpec& spec, const TrialRecord& record, int of) override {
    ++done_;
    std::fprintf(stderr, "[%zu/%zu] %s trial %d/%d: %s\n", done_, total_, spec.id.c_str(),
                 record.round + 1, of, describe(record).c_str());
  }
  void repeating(const CaseSpec& spec, const TrialRecord& record) override {
    std::fprintf(stderr, "[%zu/%zu] %s trial %d: %s; once more\n", done_, total_, spec.id.c_str(),
                 record.round + 1, describe(record).c_str());
  }
  void skipped(const CaseSpec& spec, std::size_t trials, const std::string& reason) override {
    done_ += trials;
    std::fprintf(stderr, "[%zu/%zu] %s: %s\n", done_, total_, spec.id.c_str(),
                 clean_line(reason).c_str());
  }
  void detail(const std::string& text) override {
    std::fprintf(stderr, "%s\n", clean_text(text).c_str());
  }
  void end() override {}

 private:
  std::size_t total_ = 0;
  std::size_t done_ = 0;
};

class Bar final : public Progress {
 public:
  void begin(std::size_t trials) override {
    total_ = trials;
    began_ = std::chrono::steady_clock::now();
  }
  void more(std::size_t trials, const std::string& why) override {
    total_ += trials;
    clear();
    std::fprintf(stderr, "%s\n", clean_line(why).c_str());
  }
  void trial_started(const CaseSpec& spec, int trial, int of) override {
    draw(spec.id + " trial " + std::to_string(trial + 1) + "/" + std::to_string(of));
  }
  void trial_ended(const CaseSpec& spec, const TrialRecord& record, int) override {
    ++done_;
    ++made_;
    if (record.status == TrialStatus::ok) return;
    clear();
    std::fprintf(stderr, "%s trial %d: %s\n", spec.id.c_str(), record.round + 1,
                 describe(record).c_str());
  }
  void repeating(const CaseSpec& spec, const TrialRecord& record) override {
    ++made_;
    clear();
    std::fprintf(stderr, "%s trial %d: %s; once more\n", spec.id.c_str(), record.round + 1,
                 describe(record).c_str());
  }
  void skipped(const CaseSpec& spec, std::size_t trials, const std::string& reason) override {
    done_ += trials;
    clear();
    std::fprintf(stderr, "%s: %s\n", spec.id.c_str(), clean_line(reason).c_str());
  }
  void detail(const std::string& text) override {
    clear();
    std::fprintf(stderr, "%s\n", clean_text(text).c_str());
  }
  void end() override { clear(); }

 private:
  void clear() { std::fprintf(stderr, "\r\033[K"); }

  void draw(const std::string& what) {
    winsize size{};
    const std::size_t columns =
        ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
    constexpr std::size_t kWidth = 24;
    const std::size_t filled = total_ ? std::min(kWidth, kWidth * done_ / total_) : kWidth;
    std::string line(filled, '#');
    line.append(kWidth - filled, '.');
    line.append("] ").append(std::to_string(done_)).append("/").append(std::to_string(total_));
    line.append(eta()).append("  ").append(what);
    if (line.size() + 2 > columns) line.resize(columns > 2 ? columns - 2 : 0);
    std::fprintf(stderr, "\r\033[K[%s", line.c_str());
    std::fflush(stderr);
  }

  std::string eta() const {
    if (made_ == 0) return "";
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - began_;
    const double left = spent.count() / static_cast<double>(made_) *
                        static_cast<double>(total_ - std::min(done_, total_));
    char text[32];
    std::snprintf(text, sizeof text, "  %d:%02d left", static_cast<int>(left) / 60,
                  static_cast<int>(left) % 60);
    return text;
  }

  std::size_t total_ = 0;
  std::size_t done_ = 0;
  std::size_t made_ = 0;  // in this process: skipped and resumed ones take no time
  std::chrono::steady_clock::time_point began_;
};

}  // namespace

std::unique_ptr<Progress> make_stderr_progress() {
  if (isatty(STDERR_FILENO)) return std::make_unique<Bar>();
  return std::make_unique<Lines>();
}

std::unique_ptr<Progress> make_silent_progress() { return std::make_unique<Silent>(); }

}  // namespace pktbench
