// SPDX-License-Identifier: Apache-2.0
// history_check.hpp: compares reported outcomes with the server's final data (I1–I5, I8).
#pragma once

#include "ledger.hpp"
#include "violations.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <string>
#include <vector>

namespace redstart::soak {

/// The lists of the server at the end: for each list the numbers of its elements, in order.
using Lists = std::map<std::uint16_t, std::vector<std::uint32_t>>;

namespace detail {

[[nodiscard]] inline std::string name_of(std::uint32_t number, const Entry& entry) {
  return "operation " + marked(number) + " (list " + std::to_string(entry.list) + ", " +
         std::string(to_string(entry.outcome)) + ")";
}

}  // namespace detail

/// I1: each operation completes once, with an outcome.
inline void check_completions(const std::vector<Entry>& entries, Violations& into) {
  for (std::uint32_t i = 0; i < entries.size(); ++i) {
    if (entries[i].completions != 1)
      into.add("I1", detail::name_of(i, entries[i]) + " completed " + std::to_string(entries[i].completions) +
                         " times");
    else if (entries[i].outcome == Outcome::pending)
      into.add("I1", detail::name_of(i, entries[i]) + " completed without an outcome");
  }
}

/// I2: acknowledged once means stored once. Not sent or refused means not stored. Unknown means at most once.
inline void check_lists(const std::vector<Entry>& entries, const Lists& lists, Violations& into) {
  std::vector<std::uint8_t> found(entries.size());
  for (const auto& [list, numbers] : lists) {
    for (const std::uint32_t number : numbers) {
      if (number >= entries.size() || entries[number].list != list)
        into.add("I2", "list " + std::to_string(list) + " holds " + marked(number) +
                           ", which was never added to it");
      else if (found[number] < 255)
        ++found[number];
    }
  }
  for (std::uint32_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    if (entry.list == no_list) continue;
    const auto times = found[i];
    const auto wrong = [&](const char* why) {
      into.add("I2", detail::name_of(i, entry) + " is stored " + std::to_string(times) + " times" + why);
    };
    if (times > 1 && !entry.twice_allowed)
      wrong(": executed twice");
    else if (entry.outcome == Outcome::ok && times == 0)
      wrong(": acknowledged and lost");
    else if ((entry.outcome == Outcome::not_sent || entry.outcome == Outcome::server_error) && times != 0)
      wrong(": reported as without effect");
  }
}

/// I4: no command is sent more often than its caller allowed. A command that was never sent can't be
/// acknowledged.
inline void check_wire(const std::vector<Entry>& entries, Violations& into) {
  for (std::uint32_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    if (entry.on_wire > entry.most_on_wire)
      into.add("I4", detail::name_of(i, entry) + " was sent " + std::to_string(entry.on_wire) + " times");
    if (entry.on_wire == 0 && entry.outcome == Outcome::ok)
      into.add("I4", detail::name_of(i, entry) + " was acknowledged, but never sent");
  }
}

/// I5: acknowledged operations that were issued one after the other are stored in that order. Unknown ones
/// may have run late.
inline void check_order(const std::vector<Entry>& entries, const Lists& lists, Violations& into) {
  for (const auto& [list, numbers] : lists) {
    std::uint32_t last = 0;
    for (const std::uint32_t number : numbers) {
      if (number >= entries.size() || !entries[number].in_order || entries[number].outcome != Outcome::ok)
        continue;
      if (number < last)
        into.add("I5",
                 "list " + std::to_string(list) + " holds " + marked(number) + " after " + marked(last));
      last = number;
    }
  }
}

/// I3: acknowledged <= stored <= acknowledged + unknown.
inline void check_counter(const std::string& name, std::uint64_t acknowledged, std::uint64_t unknown,
                          std::uint64_t stored, Violations& into) {
  if (acknowledged <= stored && stored <= acknowledged + unknown) return;
  into.add("I3", name + " holds " + std::to_string(stored) + ", but " + std::to_string(acknowledged) +
                     " were acknowledged and " + std::to_string(unknown) + " are unknown");
}

/// I8: transfers keep the total.
inline void check_bank(const std::vector<std::int64_t>& accounts, std::int64_t total, Violations& into) {
  const std::int64_t sum = std::accumulate(accounts.begin(), accounts.end(), std::int64_t{0});
  if (sum != total)
    into.add("I8", "the accounts add up to " + std::to_string(sum) + " instead of " + std::to_string(total));
}

/// A queue with one consumer: every acknowledged element was taken, is still there, or was lost with the
/// reply of a BLPOP (I6, I2).
struct QueueEnd {
  std::vector<std::uint32_t> taken{};      ///< In the order in which they were received.
  std::vector<std::uint32_t> remaining{};  ///< The elements left in the list.
  std::uint64_t unknown_takes = 0;         ///< BLPOPs whose outcome is unknown.
};
inline void check_queue(const std::vector<Entry>& entries, std::uint16_t list, const QueueEnd& end,
                        Violations& into) {
  std::vector<std::uint8_t> found(entries.size());
  for (const auto* numbers : {&end.taken, &end.remaining}) {
    for (const std::uint32_t number : *numbers) {
      if (number >= entries.size() || entries[number].list != list)
        into.add("I6", "the queue returned " + marked(number) + ", which was never added to it");
      else if (++found[number] > 1)
        into.add("I2", detail::name_of(number, entries[number]) + " was taken from the queue twice");
    }
  }
  std::uint64_t lost = 0;
  for (std::uint32_t i = 0; i < entries.size(); ++i) {
    if (entries[i].list != list) continue;
    if (found[i] == 0 && entries[i].outcome == Outcome::ok) ++lost;
    if (found[i] != 0 && entries[i].outcome == Outcome::not_sent)
      into.add("I2", detail::name_of(i, entries[i]) + " was taken from the queue, but reported as not sent");
  }
  if (lost > end.unknown_takes)
    into.add("I2", std::to_string(lost) + " elements of the queue are missing, but only " +
                       std::to_string(end.unknown_takes) + " BLPOPs lost their reply");
}

}  // namespace redstart::soak
