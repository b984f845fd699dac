// SPDX-License-Identifier: Apache-2.0
// streams_options.hpp: options of commands on streams.
#pragma once

#include <redstart/commands/argument.hpp>
#include <redstart/commands/block_for.hpp>
#include <redstart/commands/command_info.hpp>
#include <redstart/commands/reply_fields.hpp>
#include <redstart/commands/stream_entries.hpp>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace redstart::inline v0 {

/// One end of a range of entries. Converts from an identifier, which is included.
class StreamBound {
 public:
  StreamBound(const StreamId& id) noexcept : StreamBound(detail::StreamIdText(id)) {}
  /// `-`: before all entries.
  [[nodiscard]] static StreamBound lowest() noexcept { return StreamBound("-"); }
  /// `+`: behind all entries.
  [[nodiscard]] static StreamBound highest() noexcept { return StreamBound("+"); }
  /// The identifier is not included. Since Redis 6.2.
  [[nodiscard]] static StreamBound exclusive(const StreamId& id) noexcept {
    return StreamBound(detail::StreamIdText(id, "("));
  }

  template <class Put>
  void arguments(Put& put) const {
    put.temporary(word_.empty() ? text_.view() : word_);
  }

 private:
  explicit StreamBound(std::string_view word) noexcept : text_(StreamId{}), word_(word) {}
  explicit StreamBound(const detail::StreamIdText& text) noexcept : text_(text) {}

  detail::StreamIdText text_;
  std::string_view word_{};
};

/// Where a reader of a stream begins. Converts from the identifier of the last entry that it knows.
class StreamPosition {
 public:
  StreamPosition(const StreamId& id) noexcept : text_(id) {}
  /// `0`: at the first entry. For a consumer: at its first pending entry.
  [[nodiscard]] static StreamPosition begin() noexcept { return StreamPosition("0"); }
  /// `$`: at the first entry that is added after the call has begun.
  [[nodiscard]] static StreamPosition end() noexcept { return StreamPosition("$"); }
  /// `>`: at the first entry that no consumer of the group has received. Only for XREADGROUP.
  [[nodiscard]] static StreamPosition undelivered() noexcept { return StreamPosition(">"); }

  template <class Put>
  void arguments(Put& put) const {
    put.temporary(word_.empty() ? text_.view() : word_);
  }

 private:
  explicit StreamPosition(std::string_view word) noexcept : text_(StreamId{}), word_(word) {}

  detail::StreamIdText text_;
  std::string_view word_{};
};

/// How a stream is trimmed: its oldest entries are deleted.
class StreamTrim {
 public:
  /// MAXLEN: at most that many entries stay.
  [[nodiscard]] static StreamTrim to_length(std::int64_t length) noexcept {
    StreamTrim trim;
    trim.length_ = length;
    return trim;
  }
  /// MINID: entries before that identifier are deleted. Since Redis 6.2.
  [[nodiscard]] static StreamTrim before(const StreamId& id) noexcept {
    StreamTrim trim;
    trim.before_ = id;
    return trim;
  }
  /// Without `~`: exactly. The server otherwise keeps up to some hundred entries more, which costs it less.
  [[nodiscard]] StreamTrim exactly() const noexcept {
    StreamTrim trim = *this;
    trim.exact_ = true;
    return trim;
  }
  /// LIMIT: deletes at most about that many entries; not together with `exactly`. Since Redis 6.2.
  [[nodiscard]] StreamTrim at_most(std::int64_t entries) const noexcept {
    StreamTrim trim = *this;
    trim.limit_ = entries;
    return trim;
  }

  template <class Put>
  void arguments(Put& put) const {
    put(std::string_view(before_ ? "MINID" : "MAXLEN"));
    if (!exact_) put("~");
    if (before_)
      put(*before_);
    else
      put(length_);
    if (limit_) put("LIMIT", *limit_);
  }

 private:
  StreamTrim() = default;

  std::int64_t length_ = 0;
  std::optional<StreamId> before_{};
  std::optional<std::int64_t> limit_{};
  bool exact_ = false;
};

/// Options of XADD.
struct XaddOptions {
  std::optional<StreamId> id{};      ///< Unset: the server chooses it.
  bool existing_only = false;        ///< NOMKSTREAM: adds nothing if there is no stream. Since Redis 6.2.
  std::optional<StreamTrim> trim{};  ///< Trims the stream afterwards.

  template <class Put>
  void arguments(Put& put) const {
    if (existing_only) put("NOMKSTREAM");
    if (trim) put(*trim);
    if (id)
      put(*id);
    else
      put("*");
  }
};

/// Options of XREAD.
struct XreadOptions {
  std::optional<std::int64_t> count{};  ///< COUNT: at most that many entries of each stream; unset: all.
  std::optional<BlockFor> block{};      ///< BLOCK: waits for entries; unset: does not wait.

  template <class Put>
  void arguments(Put& put) const {
    if (count) put("COUNT", *count);
    if (block) put("BLOCK", detail::BlockForMilliseconds(*block));
  }
  [[nodiscard]] std::optional<std::chrono::milliseconds> blocks_for() const noexcept {
    return block ? std::optional(block->blocks_for()) : std::nullopt;
  }
};

/// Options of XREADGROUP.
struct XreadgroupOptions {
  std::optional<std::int64_t> count{};  ///< COUNT: at most that many entries of each stream; unset: all.
  std::optional<BlockFor> block{};      ///< BLOCK: waits for entries; unset: does not wait.
  bool acknowledged = false;            ///< NOACK: the entries count as acknowledged at once.
  /// CLAIM: also pending entries, of any consumer, that were delivered that long ago. Since Redis 8.4.
  std::optional<std::chrono::milliseconds> claim_idle{};

  template <class Put>
  void arguments(Put& put) const {
    if (count) put("COUNT", *count);
    if (block) put("BLOCK", detail::BlockForMilliseconds(*block));
    if (claim_idle) put("CLAIM", claim_idle->count());
    if (acknowledged) put("NOACK");
  }
  [[nodiscard]] std::optional<std::chrono::milliseconds> blocks_for() const noexcept {
    return block ? std::optional(block->blocks_for()) : std::nullopt;
  }
};

/// Options of XGROUP CREATE.
struct XgroupOptions {
  bool create_stream = false;                  ///< MKSTREAM: creates the stream if there is none.
  std::optional<std::int64_t> entries_read{};  ///< ENTRIESREAD: for the lag of the group. Since Redis 7.0.

  template <class Put>
  void arguments(Put& put) const {
    if (create_stream) put("MKSTREAM");
    if (entries_read) put("ENTRIESREAD", *entries_read);
  }
};

/// Options of XCLAIM.
struct XclaimOptions {
  std::optional<std::chrono::milliseconds> idle{};  ///< IDLE: as if delivered that long ago.
  std::optional<std::int64_t> deliveries{};         ///< RETRYCOUNT: the number of deliveries.
  bool force = false;                               ///< FORCE: also entries that are not pending.

  template <class Put>
  void arguments(Put& put) const {
    if (idle) put("IDLE", idle->count());
    if (deliveries) put("RETRYCOUNT", *deliveries);
    if (force) put("FORCE");
  }
};

/// Options of XPENDING with a range.
struct XpendingOptions {
  std::optional<std::chrono::milliseconds> idle{};  ///< IDLE: delivered at least that long ago. Redis 6.2.
  StreamBound first = StreamBound::lowest();
  StreamBound last = StreamBound::highest();
  std::int64_t count = 100;  ///< At most that many entries.
  std::string consumer{};    ///< Only of this consumer; empty: of all.

  template <class Put>
  void arguments(Put& put) const {
    if (idle) put("IDLE", idle->count());
    put(first, last, count);
    if (!consumer.empty()) put(consumer);
  }
};

/// The pending entries of a group as a whole.
struct PendingSummary {
  std::int64_t count = 0;
  std::optional<StreamId> first{};  ///< Empty if there is none.
  std::optional<StreamId> last{};
  std::vector<std::pair<std::string, std::int64_t>> consumers{};  ///< Those with pending entries.
};

/// One pending entry: delivered but not acknowledged.
struct PendingEntry {
  StreamId id{};
  std::string consumer{};
  std::chrono::milliseconds idle{};  ///< Since its last delivery.
  std::int64_t deliveries = 0;
};

/// The entries that XAUTOCLAIM has claimed.
template <class Entry>
struct AutoClaimed {
  StreamId next{};                  ///< Where to go on; 0-0 at the end.
  std::vector<Entry> entries{};     ///< `StreamEntry`, or `StreamId` for JUSTID.
  std::vector<StreamId> deleted{};  ///< Were pending, but are no longer in the stream. Since Redis 7.0.

  [[nodiscard]] bool finished() const noexcept { return next == StreamId{}; }
};

namespace detail {

using StreamPositions = std::initializer_list<std::pair<std::string_view, StreamPosition>>;

/// COUNT, if it is set.
struct CountOption {
  std::optional<std::int64_t> count{};

  template <class Put>
  void arguments(Put& put) const {
    if (count) put("COUNT", *count);
  }
};

/// `STREAMS key [key …] position [position …]`, of pairs.
template <ManyArguments Range>
class KeysThenPositions {
 public:
  constexpr KeysThenPositions(const Range& streams) : streams_(streams) {}

  template <class Put>
  void arguments(Put& put) const {
    put("STREAMS");
    for (const auto& [key, position] : streams_) put(key);
    for (const auto& [key, position] : streams_) put(StreamPosition(position));
  }
  [[nodiscard]] bool is_empty() const { return streams_.begin() == streams_.end(); }

 private:
  const Range& streams_;
};

/// Rounded up, so that a short time is not none.
template <class Rep, class Period>
[[nodiscard]] std::int64_t milliseconds(std::chrono::duration<Rep, Period> time) {
  return std::chrono::ceil<std::chrono::milliseconds>(time).count();
}

}  // namespace detail
}  // namespace redstart::inline v0

template <>
struct redstart::resp::decoder<redstart::PendingSummary> {
  static void decode(Cursor& cursor, PendingSummary& out) {
    // The server sends the numbers as text.
    std::optional<std::vector<std::pair<std::string, std::int64_t>>> consumers;
    redstart::detail::decode_fields(cursor, "a summary of pending entries", out.count, out.first, out.last,
                                    consumers);
    if (consumers) out.consumers = std::move(*consumers);
  }
};

template <>
struct redstart::resp::decoder<redstart::PendingEntry> {
  static void decode(Cursor& cursor, PendingEntry& out) {
    std::int64_t idle = 0;
    redstart::detail::decode_fields(cursor, "a pending entry", out.id, out.consumer, idle, out.deliveries);
    out.idle = std::chrono::milliseconds(idle);
  }
};

template <class Entry>
struct redstart::resp::decoder<redstart::AutoClaimed<Entry>> {
  static void decode(Cursor& cursor, AutoClaimed<Entry>& out) {
    constexpr const char* expected = "the entries of XAUTOCLAIM";
    Aggregate reply;
    if (!cursor.open(reply, expected)) return;
    const auto read = [&](auto& field) {
      if (cursor.failed()) return;
      if (!cursor.more(reply)) {
        cursor.fail_at_end(expected, reply.type);
        return;
      }
      decoder<std::remove_reference_t<decltype(field)>>::decode(cursor, field);
    };
    std::vector<std::optional<Entry>> entries;  // Redis 6.2 has null for deleted ones
    read(out.next);
    read(entries);
    for (auto& entry : entries)
      if (entry) out.entries.push_back(std::move(*entry));
    if (cursor.failed() || !cursor.more(reply)) return;
    decoder<std::vector<StreamId>>::decode(cursor, out.deleted);
    while (!cursor.failed() && cursor.more(reply)) cursor.skip();
  }
};
