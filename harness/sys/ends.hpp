// The deleter of std::unique_ptr for an object that a C library makes and ends.
#pragma once

namespace pktbench::sys {

template <auto Function>
struct Ends {
  template <class T>
  void operator()(T* object) const {
    Function(object);
  }
};

}  // namespace pktbench::sys
