// Memory that others have too: of a memfd, of a BPF map. Unmapped when its owner goes.
#pragma once

#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>

#include "harness/core/result.hpp"

namespace pktbench::sys {

struct Unmap {
  std::size_t bytes = 0;
  void operator()(const volatile void* at) const { munmap(const_cast<void*>(at), bytes); }
};

// T is one object or, as T[], several.
template <class T>
using Mapped = std::unique_ptr<T, Unmap>;

// `count` objects at the beginning of `fd`, which stays the caller's. `protection`: PROT_*. `what`
// is the sentence of an error.
template <class T>
Result<Mapped<T>> map_shared(int fd, std::size_t count, int protection, const std::string& what) {
  const std::size_t bytes = count * sizeof(std::remove_extent_t<T>);
  void* at = mmap(nullptr, bytes, protection, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) return system_error(what, errno);
  return Mapped<T>(static_cast<std::remove_extent_t<T>*>(at), Unmap{bytes});
}

}  // namespace pktbench::sys
