// SPDX-License-Identifier: Apache-2.0
// sorted_sets_bounds.hpp: ranges of a sorted set by rank, score or member.
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

namespace redstart::inline v0 {

/// An end of a range of scores. Converts from a number, which is included. Infinities mean no limit.
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
/// included and copied.
class LexBound {
 public:
  template <StringLike Text>
  LexBound(const Text& member) : LexBound('[', member) {}
  /// The member itself is not included.
  [[nodiscard]] static LexBound exclusive(std::string_view member) { return {'(', member}; }
  /// Before and after every member.
  [[nodiscard]] static LexBound first() { return {'-', {}}; }
  [[nodiscard]] static LexBound last() { return {'+', {}}; }

  template <class Put>
  void arguments(Put& put) const {
    put(text_);
  }

 private:
  LexBound(char mark, std::string_view member) : text_(1, mark) { text_ += member; }

  std::string text_;
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
  bool reverse = false;          ///< REV: from the highest to the lowest. `min` and `max` keep their meaning.
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

/// The two ends only, for commands with the kind of range in their name.
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
}  // namespace redstart::inline v0
