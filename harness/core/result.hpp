// The one error currency: a value or an Error, returned by value, never thrown.
//
// Threads: values, no sharing. Errors: `unsupported` (this host, kernel or device cannot do it; the
// case is listed with the reason) is a different thing from `failed` (it should have worked).
#pragma once

#include <fmt/core.h>

#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace pktbench {

enum class ErrorCode {
  invalid_input,  // the user's file or arguments; exit 2
  refused,        // not safe or not permitted here; exit 3
  unsupported,    // this host, kernel or device cannot do it
  failed,         // it should have worked
  interrupted,    // stopped by the user
};

struct Error {
  ErrorCode code = ErrorCode::failed;
  std::string message;  // one sentence: where, what, and the remedy where there is one
  int sys_errno = 0;    // 0 where no system call was at fault
  std::string detail;   // many lines, such as the verifier's log; shown below the message
};

inline Error make_error(ErrorCode code, std::string message) {
  return {code, std::move(message), 0, {}};
}
// The sentence as libfmt's: make_error(ErrorCode::failed, "port {} has no CPU", port.name).
template <class A, class... B>
Error make_error(ErrorCode code, fmt::format_string<A, B...> sentence, A&& a, B&&... b) {
  return make_error(code, fmt::format(sentence, std::forward<A>(a), std::forward<B>(b)...));
}

// For a system call that has just failed with `error` (an errno value, positive).
inline Error system_error(const std::string& what, int error) {
  return {ErrorCode::failed, what + ": " + std::strerror(error), error, {}};
}

template <class T>
class Result;
template <>
class Result<void>;

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // REQUIRES: ok()
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  // Moves the value into `to`, or gives the error: for a function that goes on with it.
  template <class U>
  Result<void> into(U& to) &&;

  // REQUIRES: !ok()
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }

  // REQUIRES: !ok()
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

template <class T>
template <class U>
Result<void> Result<T>::into(U& to) && {
  if (!ok()) return error();
  to = std::move(*this).value();
  return {};
}

}  // namespace pktbench
