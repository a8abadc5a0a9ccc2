#include "harness/sys/bpf.hpp"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace pktbench::sys {

namespace {

std::string& collected() {
  static std::string text;
  return text;
}

int collect(libbpf_print_level level, const char* format, va_list arguments) {
  if (level == LIBBPF_DEBUG) return 0;
  char* line = nullptr;
  const int n = vasprintf(&line, format, arguments);
  if (n < 0) return 0;
  collected() += line;
  std::free(line);
  return n;
}

}  // namespace

LibbpfLog::LibbpfLog() : previous_(libbpf_set_print(collect)) { collected().clear(); }

LibbpfLog::~LibbpfLog() { libbpf_set_print(previous_); }

Error LibbpfLog::failure(const std::string& what, int error) const {
  Error e = system_error(what, error);
  e.detail = collected();
  return e;
}

}  // namespace pktbench::sys
