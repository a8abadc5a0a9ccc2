// On whose behalf this process runs: as root it may have been started by a user through sudo. What
// such a run makes is that user's.
//
// Threads: any.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "harness/core/result.hpp"
#include "harness/sys/fd.hpp"

namespace pktbench::sys {

struct Caller {
  uid_t uid;
  gid_t gid;
};

// From SUDO_UID and SUDO_GID, where both are numbers and this process is root. None: nobody but the
// process's own user.
std::optional<Caller> sudo_caller();

// How the user called this program, for commands that are printed to be typed: argv[0] as a word
// for the shell, with "sudo " before it where that has made the user root.
std::string called_as();

// Gives what this process has just made to the user who called sudo. Of a directory only while it
// is root's and empty: its name may lead to another one by now. A file system without owners, or
// one that refuses, keeps what it has.
void give_to_caller(int fd);

}  // namespace pktbench::sys
