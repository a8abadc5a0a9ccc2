#include "harness/record/run_identity.hpp"

#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <random>

#include "harness/sys/utc.hpp"
#include "harness/text/clean_text.hpp"

namespace pktbench {

namespace {

std::string file_name_part(const std::string& text) {
  constexpr const char* kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  std::string made = text.substr(0, 64);
  for (std::size_t at = 0; (at = made.find_first_not_of(kPlain, at)) != std::string::npos;)
    made[at] = '-';
  return made;
}

}  // namespace

std::string random_run_id() {
  std::array<unsigned char, 16> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    std::random_device device;
    for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(device());
  }
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);  // version 4
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);  // variant of RFC 4122
  std::string id;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) id += '-';
    id += fmt::format("{:02x}", bytes[i]);
  }
  return id;
}

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "unknown";
  return clean_line(name.data());
}

std::string run_dir_name(const std::string& results_root, const std::string& host,
                         const std::string& scenario, std::chrono::system_clock::time_point at) {
  return results_root + "/" + sys::file_name_utc(at) + "-" + file_name_part(host) + "-" +
         file_name_part(scenario);
}

std::string default_run_dir(const std::string& results_root, const std::string& scenario) {
  return run_dir_name(results_root, host_name(), scenario, sys::utc_now());
}

}  // namespace pktbench
