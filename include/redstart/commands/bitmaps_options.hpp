// SPDX-License-Identifier: Apache-2.0
// bitmaps_options.hpp: options of commands on bitmaps.
#pragma once

#include <redstart/commands/argument.hpp>
#include <redstart/commands/command_info.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace redstart::inline v0 {

/// The unit of the ends of a range of BITCOUNT and BITPOS. `bit` since Redis 7.0.
enum class BitUnit : std::uint8_t { byte, bit };

/// The operation of BITOP. `bit_not` takes one key.
enum class BitOp : std::uint8_t {
  bit_and,
  bit_or,
  bit_xor,
  bit_not,
  diff,   ///< The bits of the first key that no other key has. Since Redis 8.2.
  diff1,  ///< The bits of the other keys that the first key does not have. Since Redis 8.2.
  andor,  ///< The bits of the first key that at least one other key has. Since Redis 8.2.
  one,    ///< The bits that exactly one key has. Since Redis 8.2.
};

/// The type of an integer in a bitmap: `signed_bits(1)` to `signed_bits(64)`, `unsigned_bits(1)` to
/// `unsigned_bits(63)`. The server refuses other widths.
struct BitfieldType {
  bool is_signed = false;
  std::uint8_t bits = 8;
};
[[nodiscard]] constexpr BitfieldType signed_bits(std::uint8_t bits) noexcept { return {true, bits}; }
[[nodiscard]] constexpr BitfieldType unsigned_bits(std::uint8_t bits) noexcept { return {false, bits}; }

/// Where an integer is in a bitmap. A number counts bits from 0; `BitfieldOffset::nth(3)` is the fourth
/// integer of its type: `#3`.
class BitfieldOffset {
 public:
  constexpr BitfieldOffset(std::int64_t bit) noexcept : value_(bit) {}
  [[nodiscard]] static constexpr BitfieldOffset nth(std::int64_t index) noexcept {
    return BitfieldOffset(index, true);
  }

  [[nodiscard]] constexpr std::int64_t value() const noexcept { return value_; }
  [[nodiscard]] constexpr bool counts_integers() const noexcept { return counts_integers_; }

 private:
  constexpr BitfieldOffset(std::int64_t value, bool counts_integers) noexcept
      : value_(value), counts_integers_(counts_integers) {}

  std::int64_t value_;
  bool counts_integers_ = false;
};

/// The treatment of a value that does not fit into its type.
enum class BitOverflow : std::uint8_t {
  wrap,      ///< It wraps around, as in C++ for unsigned integers.
  saturate,  ///< SAT: it becomes the smallest or largest value of its type.
  fail,      ///< Nothing is written, and the reply is empty.
};

namespace detail {

/// The type of a bitfield as an argument: `u8`, `i16`.
struct BitfieldTypeText {
  BitfieldType type;

  template <class Put>
  void arguments(Put& put) const {
    std::array<char, 8> text{type.is_signed ? 'i' : 'u'};
    put.temporary(text_of(text, type.bits));
  }
  template <std::size_t N, class Number>
  static std::string_view text_of(std::array<char, N>& text, Number number) noexcept {
    const auto end = std::to_chars(text.data() + 1, text.data() + N, number).ptr;
    return {text.data(), static_cast<std::size_t>(end - text.data())};
  }
};

/// An offset as an argument: `100`, `#3`.
struct BitfieldOffsetText {
  BitfieldOffset offset;

  template <class Put>
  void arguments(Put& put) const {
    if (!offset.counts_integers()) return put(offset.value());
    std::array<char, 24> text{'#'};
    put.temporary(BitfieldTypeText::text_of(text, offset.value()));
  }
};

}  // namespace detail

/// The reads of BITFIELD_RO: `BitfieldReads{}.get(unsigned_bits(8), 0)`.
class BitfieldReads {
 public:
  BitfieldReads& get(BitfieldType type, BitfieldOffset offset) {
    reads_.push_back({type, offset});
    return *this;
  }
  [[nodiscard]] bool is_empty() const noexcept { return reads_.empty(); }

  template <class Put>
  void arguments(Put& put) const {
    for (const Read& read : reads_)
      put("GET", detail::BitfieldTypeText{read.type}, detail::BitfieldOffsetText{read.offset});
  }

 private:
  struct Read {
    BitfieldType type;
    BitfieldOffset offset;
  };
  std::vector<Read> reads_{};
};

/// The steps of BITFIELD, in order:
///
///     db.bitfield("counters", Bitfield{}.overflow(BitOverflow::saturate).incrby(unsigned_bits(4), 0, 1));
class Bitfield {
 public:
  /// Reads an integer.
  Bitfield& get(BitfieldType type, BitfieldOffset offset) { return add({"GET", type, offset, 0}); }
  /// Writes an integer, and returns the previous one.
  Bitfield& set(BitfieldType type, BitfieldOffset offset, std::int64_t value) {
    return add({"SET", type, offset, value});
  }
  /// Adds to an integer, and returns the sum.
  Bitfield& incrby(BitfieldType type, BitfieldOffset offset, std::int64_t amount) {
    return add({"INCRBY", type, offset, amount});
  }
  /// Applies to the steps that follow. Initially `wrap`.
  Bitfield& overflow(BitOverflow rule) {
    constexpr std::string_view words[] = {"WRAP", "SAT", "FAIL"};
    return add({words[static_cast<std::uint8_t>(rule)], {}, 0, 0, true});
  }
  [[nodiscard]] bool is_empty() const noexcept { return steps_.empty(); }
  /// Without INCRBY, a second run leaves the same state.
  [[nodiscard]] Retry retry(Retry category) const noexcept {
    for (const Step& step : steps_)
      if (step.word == "INCRBY") return category;
    return Retry::last_write_wins;
  }

  template <class Put>
  void arguments(Put& put) const {
    for (const Step& step : steps_) {
      if (step.is_rule) {
        put("OVERFLOW", step.word);
        continue;
      }
      put(step.word, detail::BitfieldTypeText{step.type}, detail::BitfieldOffsetText{step.offset});
      if (step.word != "GET") put(step.value);
    }
  }

 private:
  struct Step {
    std::string_view word;
    BitfieldType type;
    BitfieldOffset offset;
    std::int64_t value;
    bool is_rule = false;
  };
  Bitfield& add(const Step& step) {
    steps_.push_back(step);
    return *this;
  }

  std::vector<Step> steps_{};
};

namespace detail {

[[nodiscard]] constexpr std::string_view word_of(BitUnit unit) noexcept {
  return unit == BitUnit::byte ? "BYTE" : "BIT";
}
[[nodiscard]] constexpr std::string_view word_of(BitOp operation) noexcept {
  constexpr std::string_view words[] = {"AND", "OR", "XOR", "NOT", "DIFF", "DIFF1", "ANDOR", "ONE"};
  return words[static_cast<std::uint8_t>(operation)];
}

/// A unit, which servers before Redis 7.0 don't know; nothing for bytes, the default.
[[nodiscard]] constexpr Keyword keyword_of(BitUnit unit) noexcept {
  return {unit == BitUnit::byte ? std::string_view() : word_of(unit)};
}

}  // namespace detail
}  // namespace redstart::inline v0
