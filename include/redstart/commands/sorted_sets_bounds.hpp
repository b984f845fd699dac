// SPDX-License-Identifier: Apache-2.0
// sorted_sets_bounds.hpp: which part of a sorted set: by rank, by score or by member.
#pragma once

#include <redstart/commands/argument.hpp>
#include <redstart/commands/limit.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace redstart {

/// An end of a range of scores. Converts from a number, which is included; infinities are open ends.
class ScoreBound {
 public:
  constexpr ScoreBound(double score) noexcept : score_(score) {}
  /// The score itself is not included.
  [[nodiscard]] static constexpr ScoreBound exclusive(double score) noexcept {
    ScoreBound bound(score);
    bound.exclusive_ = true;
    return bound;
  }

  template <class Put>
  void arguments(Put& put) const {
    if (!exclusive_) return put(score_);
    char text[32] = "(";
    const char* const end = std::to_chars(text + 1, text + sizeof text, score_).ptr;
    put(std::string_view(text, static_cast<std::size_t>(end - text)));
  }

 private:
  double score_;
  bool exclusive_ = false;
};

/// An end of a range of members in a set whose members all have the same score. Converts from text, which is
/// included.
class LexBound {
 public:
  template <StringLike Text>
  constexpr LexBound(const Text& member) : LexBound("[", member) {}
  /// The member itself is not included.
  [[nodiscard]] static constexpr LexBound exclusive(std::string_view member) noexcept {
    return {"(", member};
  }
  /// Before and after every member.
  [[nodiscard]] static constexpr LexBound first() noexcept { return {"-", {}}; }
  [[nodiscard]] static constexpr LexBound last() noexcept { return {"+", {}}; }

 private:
  friend struct argument<LexBound>;
  constexpr LexBound(std::string_view mark, std::string_view member) noexcept
      : mark_(mark), member_(member) {}

  std::string_view mark_;
  std::string_view member_;
};

template <>
struct argument<LexBound> {
  static constexpr std::size_t count(const LexBound&) noexcept { return 1; }
  static void write(resp::Writer& writer, const LexBound& bound) {
    std::string text(bound.mark_);
    text += bound.member_;
    detail::write_copy(writer, text);
  }
};

/// The elements from one rank to another, both included; negative ranks count from the end.
struct ByRank {
  std::int64_t first = 0;
  std::int64_t last = -1;

  template <class Put>
  void ends(Put& put, bool) const {
    put(first, last);
  }
  static constexpr std::string_view word{};
};

/// The elements between two scores.
struct ByScore {
  ScoreBound min = -std::numeric_limits<double>::infinity();
  ScoreBound max = std::numeric_limits<double>::infinity();

  template <class Put>
  void ends(Put& put, bool reverse) const {
    put(reverse ? max : min, reverse ? min : max);
  }
  static constexpr std::string_view word = "BYSCORE";
};

/// The elements between two members, in a set whose members all have the same score.
struct ByLex {
  LexBound min = LexBound::first();
  LexBound max = LexBound::last();

  template <class Put>
  void ends(Put& put, bool reverse) const {
    put(reverse ? max : min, reverse ? min : max);
  }
  static constexpr std::string_view word = "BYLEX";
};

/// True for ByRank, ByScore and ByLex.
template <class T>
concept SortedSetRange = requires(const T& range, detail::CountArguments& put) {
  range.ends(put, true);
  T::word;
};

/// Options of ZRANGE and ZRANGESTORE.
struct ZrangeOptions {
  bool reverse =
      false;  ///< REV: from the highest to the lowest; `min` and `max` of the range stay as they are.
  std::optional<Limit> limit{};  ///< LIMIT; not with ByRank.
};

namespace detail {

template <SortedSetRange Range>
struct ZrangeArguments {
  const Range& range;
  const ZrangeOptions& options;

  template <class Put>
  void arguments(Put& put) const {
    range.ends(put, options.reverse);
    put(Keyword{Range::word});
    if (options.reverse) put("REV");
    if (options.limit) put(*options.limit);
  }
};
template <class Range>
ZrangeArguments(const Range&, const ZrangeOptions&) -> ZrangeArguments<Range>;

/// Only the two ends, as the commands with the kind of range in their name take them.
template <SortedSetRange Range>
struct ZrangeEnds {
  const Range& range;
  bool reverse = false;

  template <class Put>
  void arguments(Put& put) const {
    range.ends(put, reverse);
  }
};
template <class Range>
ZrangeEnds(const Range&) -> ZrangeEnds<Range>;
template <class Range>
ZrangeEnds(const Range&, bool) -> ZrangeEnds<Range>;

}  // namespace detail
}  // namespace redstart
