// SPDX-License-Identifier: Apache-2.0
// stream_entries.hpp: identifiers and entries of streams.
#pragma once

#include <redstart/commands/argument.hpp>
#include <redstart/resp/decode.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::inline v0 {

/// The identifier of an entry: the time at which the server created it, and a number within that millisecond.
/// Identifiers of a stream ascend.
struct StreamId {
  std::uint64_t milliseconds = 0;  ///< Since 1970, unless the writer chose the identifier.
  std::uint64_t sequence = 0;

  /// Reads `1700000000000-7`; empty for any other text.
  [[nodiscard]] static std::optional<StreamId> from(std::string_view text) noexcept {
    StreamId id;
    const char* const end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, id.milliseconds);
    if (first.ec != std::errc() || first.ptr == end || *first.ptr != '-') return std::nullopt;
    const auto second = std::from_chars(first.ptr + 1, end, id.sequence);
    if (second.ec != std::errc() || second.ptr != end) return std::nullopt;
    return id;
  }
  /// The time at which the server created the entry.
  [[nodiscard]] std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds> time() const {
    return std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>(
        std::chrono::milliseconds(milliseconds));
  }

  friend constexpr auto operator<=>(const StreamId&, const StreamId&) = default;
};

namespace detail {

/// The text of an identifier, behind a prefix of at most one character.
class StreamIdText {
 public:
  explicit StreamIdText(const StreamId& id, std::string_view prefix = {}) noexcept {
    char* at = text_.data();
    char* const end = text_.data() + text_.size();
    if (!prefix.empty()) *at++ = prefix.front();
    at = std::to_chars(at, end, id.milliseconds).ptr;
    *at++ = '-';
    at = std::to_chars(at, end, id.sequence).ptr;
    size_ = static_cast<std::size_t>(at - text_.data());
  }
  [[nodiscard]] std::string_view view() const noexcept { return {text_.data(), size_}; }

 private:
  std::array<char, 44> text_{};  // a prefix, two numbers of up to 20 digits, a hyphen
  std::size_t size_ = 0;
};

}  // namespace detail

[[nodiscard]] inline std::string to_string(const StreamId& id) {
  return std::string(detail::StreamIdText(id).view());
}

template <>
struct argument<StreamId> {
  static constexpr std::size_t count(const StreamId&) noexcept { return 1; }
  static void write(resp::Writer& writer, const StreamId& id) {
    detail::write_copy(writer, detail::StreamIdText(id).view());
  }
};

/// An entry of a stream. `Fields` is any container of pairs, such as a map.
template <class Fields = std::vector<std::pair<std::string, std::string>>>
struct StreamEntry {
  StreamId id{};
  Fields fields{};
  /// True if the entry was deleted while it was pending; it has no fields then.
  bool deleted = false;
  /// How long ago, and how often, a pending entry was delivered before this reply claimed it: XREADGROUP …
  /// CLAIM. Since Redis 8.4.
  std::optional<std::chrono::milliseconds> idle{};
  std::optional<std::int64_t> deliveries{};
};

/// The entries that a call read from each stream that had some.
template <class Fields = std::vector<std::pair<std::string, std::string>>>
using StreamReads = std::vector<std::pair<std::string, std::vector<StreamEntry<Fields>>>>;

}  // namespace redstart::inline v0

template <>
struct redstart::resp::decoder<redstart::StreamId> {
  static void decode(Cursor& cursor, StreamId& out) {
    std::string_view text;
    decoder<std::string_view>::decode(cursor, text);
    if (cursor.failed()) return;
    const auto id = StreamId::from(text);
    if (!id) {
      cursor.fail("an identifier of a stream entry");
      return;
    }
    out = *id;
  }
};

template <class Fields>
struct redstart::resp::decoder<redstart::StreamEntry<Fields>> {
  static void decode(Cursor& cursor, StreamEntry<Fields>& out) {
    constexpr const char* expected = "an entry of a stream";
    Aggregate entry;
    if (!cursor.open(entry, expected)) return;
    if (!cursor.more(entry)) {
      cursor.fail_at_end(expected, entry.type);
      return;
    }
    decoder<StreamId>::decode(cursor, out.id);
    if (cursor.failed()) return cursor.within(0);
    if (!cursor.more(entry)) {
      cursor.fail_at_end(expected, entry.type);
      return;
    }
    std::optional<Fields> fields;
    decoder<std::optional<Fields>>::decode(cursor, fields);
    if (cursor.failed()) return cursor.within(1);
    out.deleted = !fields;
    if (fields) out.fields = std::move(*fields);
    if (!cursor.more(entry)) return;
    std::int64_t idle = 0;
    decoder<std::int64_t>::decode(cursor, idle);
    if (cursor.failed()) return cursor.within(2);
    out.idle = std::chrono::milliseconds(idle);
    if (cursor.more(entry)) decoder<std::int64_t>::decode(cursor, out.deliveries.emplace());
    while (!cursor.failed() && cursor.more(entry)) cursor.skip();
  }
};
