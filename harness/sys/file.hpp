// Small kernel files and their folders: sysfs, procfs and its processes.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "harness/core/result.hpp"
#include "harness/sys/fd.hpp"

namespace pktbench::sys {

// The whole content without the trailing newline.
Result<std::string> read_file(const std::string& path);

// From its beginning, whatever was read of it before; `what` is the sentence of an error.
Result<std::string> read_all(const Fd& file, const std::string& what);

// The integer at the beginning of the file; nothing but a unit may follow.
Result<long> read_number(const std::string& path);

// What follows the key of the first row `key` of a table: "12 kB" of "key: 12 kB", "key 12 kB".
Result<std::string> read_row(const std::string& path, const std::string& key);

// The same as a number.
Result<long> read_number(const std::string& path, const std::string& key);

// What a folder holds, in no order; as much as could be listed where `error` says why not all.
std::vector<std::filesystem::path> entries_of(const std::filesystem::path& folder,
                                              std::error_code* error = nullptr);

// The folders of processes in `procfs`; `error` as above.
std::vector<std::filesystem::path> processes(const std::filesystem::path& procfs = "/proc",
                                             std::error_code* error = nullptr);

// Processes, kernel threads among them, whose name begins with `prefix`; by what follows it, a
// shorter one, as the lower number, first.
std::vector<pid_t> threads_named(const std::string& prefix);

// Those between blanks.
std::vector<std::string> words_of(const std::string& text);

// One write() of the whole text; the error is that of the kernel, as sysfs reports it.
Result<void> write_file(const std::string& path, const std::string& text);

}  // namespace pktbench::sys
