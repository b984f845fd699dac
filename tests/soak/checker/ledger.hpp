// SPDX-License-Identifier: Apache-2.0
// ledger.hpp: every operation that must not run twice, by number, with its outcome.
#pragma once

#include "outcome.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::soak {

/// An operation's number as it is sent and stored in the server's lists: `~00001234~`.
inline constexpr char mark = '~';
inline constexpr std::size_t digits = 8;
inline constexpr std::size_t mark_size = digits + 2;

[[nodiscard]] inline std::string marked(std::uint32_t number) {
  std::string text = std::to_string(number);
  text.insert(0, digits - text.size(), '0');
  return mark + text + mark;
}
/// The number at the beginning of `text`, if a mark is there.
[[nodiscard]] inline std::optional<std::uint32_t> number_at(std::string_view text) noexcept {
  if (text.size() < mark_size || text[0] != mark || text[mark_size - 1] != mark) return std::nullopt;
  std::uint32_t number = 0;
  const char* const end = text.data() + mark_size - 1;
  const auto result = std::from_chars(text.data() + 1, end, number);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return number;
}

/// The checker's knowledge of one operation.
struct Entry {
  std::uint16_t list = 0;  ///< The list to which it appends its number; `no_list`: none.
  Outcome outcome = Outcome::pending;
  std::uint8_t completions = 0;
  std::uint8_t on_wire = 0;       ///< How often its mark was seen on its way to the server.
  std::uint8_t most_on_wire = 1;  ///< How often it may be seen: 1, unless retries were allowed.
  bool twice_allowed = false;     ///< Its call used at_least_once.
  bool in_order = false;          ///< Issued after the previous operation on its list had completed.
};
inline constexpr std::uint16_t no_list = 0xFFFF;

/// The operations of a run. Its size is fixed from the start, so that memory is bounded.
///
/// Thread safety: all functions but `entries` may be called on every thread. Each number is issued and
/// completed by one caller at a time.
class Ledger {
 public:
  explicit Ledger(std::size_t most) : records_(most) {}

  struct Terms {
    std::uint16_t list = no_list;
    std::uint8_t most_on_wire = 1;
    bool twice_allowed = false;
    bool in_order = false;
  };
  /// A number for an operation that is about to be issued.
  [[nodiscard]] std::uint32_t issue(const Terms& terms) {
    const std::size_t number = next_.fetch_add(1, std::memory_order_relaxed);
    if (number >= records_.size()) throw std::length_error("the ledger is full");
    Record& record = records_[number];
    record.list = terms.list;
    record.most_on_wire = terms.most_on_wire;
    record.twice_allowed = terms.twice_allowed;
    record.in_order = terms.in_order;
    record.issued.store(std::chrono::steady_clock::now(), std::memory_order_relaxed);
    return static_cast<std::uint32_t>(number);
  }
  void complete(std::uint32_t number, Outcome outcome) noexcept {
    records_[number].outcome.store(outcome, std::memory_order_relaxed);
    records_[number].completions.fetch_add(1, std::memory_order_relaxed);
  }
  /// Its mark was seen on a connection. Marks of other runs are ignored.
  void seen(std::uint32_t number) noexcept {
    if (number < records_.size()) records_[number].on_wire.fetch_add(1, std::memory_order_relaxed);
  }
  /// When it was issued; the minimum time for a number of another run.
  [[nodiscard]] std::chrono::steady_clock::time_point issued(std::uint32_t number) const noexcept {
    if (number >= records_.size()) return {};
    return records_[number].issued.load(std::memory_order_relaxed);
  }
  [[nodiscard]] bool pending(std::uint32_t number) const noexcept {
    return number < records_.size() && records_[number].completions.load(std::memory_order_relaxed) == 0;
  }

  [[nodiscard]] bool full() const noexcept {
    return next_.load(std::memory_order_relaxed) + reserve >= records_.size();
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return records_.size() * sizeof(Record); }

  /// A copy. Precondition: no operation is pending.
  [[nodiscard]] std::vector<Entry> entries() const {
    std::vector<Entry> all(std::min(next_.load(), records_.size()));
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Record& record = records_[i];
      all[i] = {record.list,         record.outcome,       record.completions, record.on_wire,
                record.most_on_wire, record.twice_allowed, record.in_order};
    }
    return all;
  }

 private:
  static constexpr std::size_t reserve = 1000;
  struct Record {
    std::atomic<std::chrono::steady_clock::time_point> issued{};
    std::uint16_t list = no_list;
    std::atomic<Outcome> outcome{Outcome::pending};
    std::atomic<std::uint8_t> completions{0};
    std::atomic<std::uint8_t> on_wire{0};
    std::uint8_t most_on_wire = 1;
    bool twice_allowed = false;
    bool in_order = false;
  };

  std::vector<Record> records_;
  std::atomic<std::size_t> next_{0};
};

}  // namespace redstart::soak
