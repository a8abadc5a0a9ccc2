#include "harness/cli/exit_status.hpp"

#include <spdlog/spdlog.h>

namespace pktbench::cli {

int report_error(const Error& error) {
  spdlog::error("{}", error.message);
  if (!error.detail.empty()) spdlog::error("{}", error.detail);
  switch (error.code) {
    case ErrorCode::invalid_input:
      return kUsage;
    case ErrorCode::refused:
      return kRefused;
    case ErrorCode::unsupported:
      return kUnsupported;
    case ErrorCode::interrupted:
      return kInterrupted;
    case ErrorCode::failed:
      break;
  }
  return kInternal;
}

}  // namespace pktbench::cli
