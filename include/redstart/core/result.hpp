// SPDX-License-Identifier: Apache-2.0
// result.hpp: a value or an Error, as an alternative to exceptions.
#pragma once

#include <redstart/core/error.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>
#include <variant>

namespace redstart::inline v0 {

/// A value, or the error for which there is none.
///
/// Thread safety: that of the value.
template <class T>
class [[nodiscard]] Result {
  static_assert(!std::is_reference_v<T> && !std::is_void_v<T>, "a Result holds an object");
  static_assert(!std::is_same_v<T, Error>, "a Result<Error> is ambiguous");

 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) noexcept : state_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// Returns the value. Errors: if there is none, throws the error as its own type.
  [[nodiscard]] T& value() & { return require(), held<0>(state_); }
  [[nodiscard]] const T& value() const& { return require(), held<0>(state_); }
  [[nodiscard]] T&& value() && { return require(), std::move(held<0>(state_)); }

  /// Preconditions: `has_value()`.
  [[nodiscard]] T& operator*() & noexcept { return held<0>(state_); }
  [[nodiscard]] const T& operator*() const& noexcept { return held<0>(state_); }
  [[nodiscard]] T&& operator*() && noexcept { return std::move(held<0>(state_)); }
  [[nodiscard]] T* operator->() noexcept { return &held<0>(state_); }
  [[nodiscard]] const T* operator->() const noexcept { return &held<0>(state_); }

  /// Preconditions: not `has_value()`.
  [[nodiscard]] const Error& error() const noexcept { return held<1>(state_); }

  template <class U>
  [[nodiscard]] T value_or(U&& other) const& {
    return has_value() ? **this : static_cast<T>(std::forward<U>(other));
  }
  template <class U>
  [[nodiscard]] T value_or(U&& other) && {
    return has_value() ? *std::move(*this) : static_cast<T>(std::forward<U>(other));
  }

 private:
  // std::get without its check, because the precondition holds.
  template <std::size_t I, class State>
  static auto& held(State& state) noexcept {
    auto* const alternative = std::get_if<I>(&state);
    if (alternative == nullptr) __builtin_unreachable();
    return *alternative;
  }
  void require() const {
    if (!has_value()) error().raise();
  }

  std::variant<T, Error> state_;
};

}  // namespace redstart::inline v0
