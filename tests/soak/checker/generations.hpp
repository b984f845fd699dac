// SPDX-License-Identifier: Apache-2.0
// generations.hpp: keys with one writer.
// Their values never go back (I7) and always belong to the key (I6).
#pragma once

#include "violations.hpp"

#include <atomic>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace redstart::soak {

/// One writer's key. A write with an unknown outcome may run at any later time. Its writer then continues
/// with a fresh key, the next incarnation.
///
/// Thread safety: `key`, `expect` and `classify` on every thread; the other functions for the writer alone.
class Generations {
 public:
  struct Expectation {
    std::uint32_t incarnation = 0;
    std::uint64_t floor = 0;  ///< Minimum that a read that begins now must return; 0: possibly nothing.
  };

  explicit Generations(std::string name) : name_(std::move(name)) {}

  [[nodiscard]] std::string key(std::uint32_t incarnation) const {
    return name_ + "#" + std::to_string(incarnation);
  }
  [[nodiscard]] Expectation expect() const noexcept { return unpacked(state_.load()); }

  /// Checks what a read returned that began when `before` was expected. Returns false if it is no value of
  /// this key (I6); the caller reports that.
  [[nodiscard]] bool classify(const Expectation& before, const std::optional<std::string>& value,
                              Violations& into) {
    const std::string wanted = key(before.incarnation);
    if (!value) {
      if (before.floor != 0)
        into.add("I7", wanted + " is missing, generation " + std::to_string(before.floor) + " was stored");
      return true;
    }
    const auto generation = generation_of(*value, wanted);
    if (!generation) return false;
    if (*generation < before.floor)
      into.add("I7", wanted + " went back from generation " + std::to_string(before.floor) + " to " +
                         std::to_string(*generation));
    else
      raise(before.incarnation, *generation);
    return true;
  }

  /// For the writer: the next value to write, of that size or a little more.
  [[nodiscard]] std::string next_value(std::size_t size) {
    std::string value = key(expect().incarnation) + "|" + std::to_string(++written_) + "|";
    if (value.size() < size) value.resize(size, '.');
    return value;
  }
  void acknowledged() { raise(expect().incarnation, written_); }
  void unknown() {
    state_.store(packed({expect().incarnation + 1, 0}));
    written_ = 0;
  }

 private:
  static constexpr unsigned generation_bits = 40;

  static std::uint64_t packed(const Expectation& e) noexcept {
    return std::uint64_t{e.incarnation} << generation_bits | e.floor;
  }
  static Expectation unpacked(std::uint64_t state) noexcept {
    return {static_cast<std::uint32_t>(state >> generation_bits),
            state & ((std::uint64_t{1} << generation_bits) - 1)};
  }
  static std::optional<std::uint64_t> generation_of(std::string_view value, std::string_view key) {
    if (!value.starts_with(key) || value.size() <= key.size() || value[key.size()] != '|')
      return std::nullopt;
    value.remove_prefix(key.size() + 1);
    std::uint64_t generation = 0;
    const auto result = std::from_chars(value.data(), value.data() + value.size(), generation);
    if (result.ec != std::errc() || result.ptr == value.data() + value.size() || *result.ptr != '|')
      return std::nullopt;
    return generation;
  }
  void raise(std::uint32_t incarnation, std::uint64_t generation) noexcept {
    std::uint64_t state = state_.load();
    for (;;) {
      const Expectation now = unpacked(state);
      if (now.incarnation != incarnation || now.floor >= generation) return;
      if (state_.compare_exchange_weak(state, packed({incarnation, generation}))) return;
    }
  }

  std::string name_;
  std::atomic<std::uint64_t> state_{0};
  std::uint64_t written_ = 0;
};

}  // namespace redstart::soak
