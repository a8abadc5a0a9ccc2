// Frames by source address: open addressing with linear probing, of fixed size and never more than
// half full, so that a search ends soon. Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bpf/workload.h"

namespace pktbench::backends {

class AddressTable {
 public:
  enum class Added { found, entered, full };

  // Allocates all of it: 3 MiB.
  AddressTable() : slots_(kSlots) {}

  // Adds one frame. `full`: a new address, with PB_MAX_ADDRESSES of them in the table already.
  Added add(const pb_address& address) {
    Slot& slot = slots_[find(address)];
    if (slot.frames != 0) {
      ++slot.frames;
      return Added::found;
    }
    if (size_ == PB_MAX_ADDRESSES) return Added::full;
    ++size_;
    slot = {address, 1};
    return Added::entered;
  }

  // 0: not in the table.
  std::uint64_t frames(const pb_address& address) const { return slots_[find(address)].frames; }
  std::size_t size() const { return size_; }

 private:
  static constexpr std::size_t kSlots = std::size_t{2} * PB_MAX_ADDRESSES;
  static_assert((kSlots & (kSlots - 1)) == 0);

  struct Slot {
    pb_address address{};
    std::uint64_t frames = 0;  // 0: free
  };

  // Where the address is, or would be.
  std::size_t find(const pb_address& address) const {
    // Multiplication carries upwards, so that the upper bits depend on all of the address.
    const std::uint64_t mixed =
        (address.low ^ (address.high * 0x9e3779b97f4a7c15)) * 0xff51afd7ed558ccd;
    std::size_t at = ((mixed ^ (mixed >> 32)) * 0x9e3779b97f4a7c15 >> 40) & (kSlots - 1);
    while (slots_[at].frames != 0 && !same(slots_[at].address, address))
      at = (at + 1) & (kSlots - 1);
    return at;
  }
  static bool same(const pb_address& a, const pb_address& b) {
    return a.high == b.high && a.low == b.low;
  }

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace pktbench::backends
