#include "harness/sys/memory_wire.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <new>

namespace pktbench::sys {

Result<WireMapping> map_wire(int fd) {
  struct stat file {};
  if (fstat(fd, &file) != 0) return system_error("look at the memory between the ends", errno);
  if (file.st_size != sizeof(MemoryWire))
    return make_error(ErrorCode::failed, "the memory between the ends is of another version");
  return map_shared<MemoryWire>(fd, 1, PROT_READ | PROT_WRITE, "map the memory between the ends");
}

Result<Fd> make_wire(int generator_cpu) {
  Fd fd(memfd_create("pktbench-wire", MFD_CLOEXEC));
  if (!fd) return system_error("make a memfd", errno);
  if (ftruncate(fd.get(), sizeof(MemoryWire)) != 0) return system_error("size a memfd", errno);
  auto mapped = map_wire(fd.get());
  if (!mapped) return mapped.error();
  new (&**mapped) MemoryWire{.generator_cpu = generator_cpu};
  return fd;
}

}  // namespace pktbench::sys
