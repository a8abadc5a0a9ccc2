// Whether a path leads to what nobody but root and the calling user can have put there: what root
// executes, loads or does as it is written comes from such paths only.
//
// Threads: one, since it asks for names of users and groups.
#pragma once

#include <string>

#include "harness/core/result.hpp"
#include "harness/sys/fd.hpp"

namespace pktbench::sys {

// Opens it (O_PATH). The file, every directory above it and every symbolic link on the way must
// belong to root, to this process's user or to the user who called sudo, and no other may write to
// them: a group may where it is the owner's alone, and a directory above where it is sticky.
//
// Nobody else can change such a path, so that it may be used by its name afterwards.
// Errors: `refused`, naming the place and the remedy; `failed` where it cannot be opened.
Result<Fd> open_own(const std::string& path);

}  // namespace pktbench::sys
