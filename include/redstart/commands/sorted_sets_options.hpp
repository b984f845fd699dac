// SPDX-License-Identifier: Apache-2.0
// sorted_sets_options.hpp: options of commands on sorted sets.
#pragma once

#include <redstart/commands/argument.hpp>
#include <redstart/commands/command_info.hpp>
#include <redstart/commands/only_if.hpp>

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace redstart::inline v0 {

/// The condition on which ZADD replaces an existing score. Since Redis 6.2.
enum class ScoreIf : std::uint8_t {
  always,
  greater,  ///< GT: only if the new score is greater.
  less,     ///< LT: only if the new score is less.
};

/// Options of ZADD.
struct ZaddOptions {
  OnlyIf only_if = OnlyIf::always;     ///< NX, XX. Since Redis 3.0.2.
  ScoreIf score_if = ScoreIf::always;  ///< GT, LT; not with `OnlyIf::absent`.
  bool count_changed = false;          ///< CH: the reply counts changed scores too. Since Redis 3.0.2.

  template <class Put>
  void arguments(Put& put) const {
    constexpr std::string_view words[] = {"", "GT", "LT"};
    put(detail::keyword_of(only_if), detail::Keyword{words[static_cast<std::uint8_t>(score_if)]});
    if (count_changed) put("CH");
  }
  /// The category of the row is that of ZADD … INCR. A second ZADD … NX returns another reply than the first.
  [[nodiscard]] Retry retry(Retry) const noexcept {
    return only_if == OnlyIf::always ? Retry::last_write_wins : Retry::accumulating;
  }
};

/// Options of ZADD … INCR.
struct ZaddIncrOptions {
  OnlyIf only_if = OnlyIf::always;     ///< NX, XX
  ScoreIf score_if = ScoreIf::always;  ///< GT, LT; not with `OnlyIf::absent`. Since Redis 6.2.

  template <class Put>
  void arguments(Put& put) const {
    put(ZaddOptions{only_if, score_if}, "INCR");
  }
};

/// How the scores of a member that several sets have become one.
enum class Aggregate : std::uint8_t { sum, min, max };

/// Options of ZUNION, ZINTER and their STORE forms.
struct ZcombineOptions {
  std::vector<double> weights{};         ///< WEIGHTS: factors of the scores, one for each key; empty: all 1.
  Aggregate aggregate = Aggregate::sum;  ///< AGGREGATE

  template <class Put>
  void arguments(Put& put) const {
    if (!weights.empty()) put("WEIGHTS", weights);
    if (aggregate != Aggregate::sum) put("AGGREGATE", aggregate == Aggregate::min ? "MIN" : "MAX");
  }
};

/// An end of a sorted set.
enum class ScoreEnd : std::uint8_t {
  min,  ///< The lowest scores.
  max,  ///< The highest.
};

namespace detail {

[[nodiscard]] constexpr std::string_view word_of(ScoreEnd end) noexcept {
  return end == ScoreEnd::min ? "MIN" : "MAX";
}

using ScoredTexts = std::initializer_list<std::pair<std::string_view, double>>;

/// Pairs of a member and its score, in either order, as ZADD takes them: `score member [score member …]`.
template <ManyArguments Range>
class ScoreMember {
 public:
  constexpr ScoreMember(const Range& pairs) : pairs_(pairs) {}

  template <class Put>
  void arguments(Put& put) const {
    auto& pairs = pairs_.get();
    for (auto at = pairs.begin(); at != pairs.end(); ++at) {
      constexpr bool lasting = std::is_reference_v<decltype(*at)>;
      const auto& [first, second] = *at;
      using First = std::remove_cvref_t<decltype(first)>;
      using Second = std::remove_cvref_t<decltype(second)>;
      static_assert(number_like<First> || number_like<Second>,
                    "zadd takes pairs of a member and a score, in either order: the score is a number");
      const auto add = [&put](double score, const auto& member) {
        if constexpr (lasting) {
          put(score, member);
        } else {
          put.temporary(score, member);
        }
      };
      if constexpr (number_like<Second>) {
        add(static_cast<double>(second), first);
      } else if constexpr (number_like<First>) {
        add(static_cast<double>(first), second);
      }
    }
  }
  [[nodiscard]] bool is_empty() const {
    auto& pairs = pairs_.get();
    return pairs.begin() == pairs.end();
  }

 private:
  Elements<Range> pairs_;
};

}  // namespace detail
}  // namespace redstart::inline v0
