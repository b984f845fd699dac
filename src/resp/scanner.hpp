// SPDX-License-Identifier: Apache-2.0
// scanner.hpp: finds the end of each reply and validates every byte.
#pragma once

#include "fault.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <redstart/resp/limits.hpp>
#include <redstart/resp/number.hpp>
#include <redstart/resp/type.hpp>

namespace redstart::inline v0::resp {

/// Finds the end of each reply in a growing buffer, and fails at the first byte that is not valid RESP.
///
/// Resumable at any byte. Each payload byte is examined once and each header byte at most twice, however the
/// input is cut. Iterative: each level of nesting costs 16 bytes of heap and no stack. A declared size never
/// causes an allocation.
///
/// A reply is one top-level value with the attributes before it; a push is a separate reply. After a fault
/// the scanner stays faulted until reset().
class Scanner {
 public:
  enum class Status : std::uint8_t {
    incomplete,  ///< all bytes were scanned; call again with more
    complete,    ///< one reply ends at position()
    fault,       ///< the bytes are not RESP; see fault()
  };

  /// The payload of a top-level bulk string that is still arriving.
  struct Bulk {
    std::size_t begin;    ///< offset of its first byte in the buffer
    std::size_t size;     ///< declared size
    std::size_t missing;  ///< bytes that have not arrived
  };

  /// A top-level aggregate that is still arriving.
  struct Sequence {
    Type type;
    std::uint64_t declared;  ///< number of values; a map counts keys and values
    std::size_t begin;       ///< offset of its first value in the buffer
    std::size_t end;         ///< end of the last complete value after which an even number remains
  };

  explicit Scanner(const Limits& limits = {}) noexcept
      : limits_{limits.depth,         bounded(limits.line), bounded(limits.bulk), bounded(limits.elements),
                bounded(limits.push), whole(limits)} {}

  /// Scans `bytes` for the end of the next reply.
  ///
  /// `bytes` starts at the beginning of the caller's buffer; the scanner keeps its own offset. While the
  /// result is `incomplete`, call again with the same bytes followed by more; the buffer may have moved.
  /// After `complete` the next call scans the reply that begins at position().
  ///
  /// Errors: std::bad_alloc for nested replies. Call reset() afterwards.
  Status scan(std::string_view bytes);

  /// The end of the reply that was just completed, otherwise the next byte to scan.
  std::size_t position() const noexcept { return position_; }
  /// Where the current or just completed reply begins.
  std::size_t begin() const noexcept { return begin_; }
  /// The type of the reply that was just completed, after its attributes.
  Type type() const noexcept { return type_; }

  Fault fault() const noexcept { return fault_; }
  /// The offset in the buffer of the first invalid byte.
  std::size_t fault_offset() const noexcept { return position_; }

  /// How many bytes the caller may now discard from the front of its buffer: everything before this reply,
  /// before the first incomplete value of a sequence, or the payload of a bulk that the caller has taken out.
  std::size_t discardable() const noexcept {
    if (done_ || bulk()) return position_;
    return in_sequence() ? element_end_ : begin_;
  }

  /// Records that the caller discarded the first `n` bytes of its buffer. Precondition: n <= discardable().
  void discard(std::size_t n) noexcept {
    if (!done_) return discard_unfinished(n);
    position_ -= n;
    begin_ = begin_ > n ? begin_ - n : 0;
  }

  /// Returns a plain top-level bulk string whose header is complete and whose payload is not.
  std::optional<Bulk> bulk() const noexcept {
    const bool payload =
        stage_ == Stage::payload || stage_ == Stage::payload_cr || stage_ == Stage::payload_lf;
    if (!payload || depth_ != 0 || item_ != '$' || chunked_ != 0) return std::nullopt;
    return Bulk{payload_begin_, static_cast<std::size_t>(value_), static_cast<std::size_t>(payload_left_)};
  }

  /// Records that the next `n` payload bytes of bulk() were received elsewhere and will not be in the buffer.
  /// Precondition: all bytes of the buffer have been scanned, and n <= bulk()->missing.
  void bulk_received(std::size_t n) noexcept {
    payload_left_ -= n;
    dropped_ += n;
    if (payload_left_ == 0 && stage_ == Stage::payload) stage_ = Stage::payload_cr;
  }

  /// Returns the top-level array, set, map or push whose values may be taken out one by one. Empty for
  /// streamed ones.
  std::optional<Sequence> sequence() const noexcept {
    if (!in_sequence()) return std::nullopt;
    return Sequence{type_, declared_, sequence_begin_, element_end_};
  }

  /// The least number of bytes that the current value still needs: 1, except inside a string of known size.
  std::size_t wanted() const noexcept {
    return stage_ == Stage::payload ? static_cast<std::size_t>(payload_left_) + 2 : 1;
  }

  const Limits& limits() const noexcept { return limits_; }

  /// Returns to the initial state and keeps the limits. Frees memory for deep nesting.
  void reset() noexcept { *this = Scanner(limits_); }

 private:
  enum class Stage : std::uint8_t {
    type,           // at the first byte of a value
    length_first,   // after the type byte of a counted value
    length_digits,  // inside its digits
    length_minus,   // after the minus of -1
    sign,           // first byte of an integer or big number
    digits_first,   // after its sign
    digits,         // inside its digits
    real,           // inside a double
    boolean,        // at t or f
    header_cr,      // only CR can follow
    header_lf,      // only LF can follow
    line,           // inside a simple string or an error
    line_cr,        // after a CR inside it
    payload,        // inside a counted string
    payload_cr,     // at its CR
    payload_lf,     // at its LF
    chunk,          // at the first byte of a streamed string's chunk
    faulted,
  };
  enum class Kind : std::uint8_t { reply, fixed, attribute, streamed, streamed_map, streamed_attribute };
  // `left` counts down the remaining values. A streamed level starts at its limit, which is even for maps.
  struct Level {
    std::uint64_t left = 1;
    Kind kind = Kind::reply;
  };

  bool in_sequence() const noexcept { return sequence_ && depth_ != 0 && !done_; }
  bool is_streamed() const noexcept { return level_.kind >= Kind::streamed; }
  // Keeps products of limits from overflowing.
  static std::size_t bounded(std::size_t limit) noexcept {
    constexpr std::uint64_t most = std::uint64_t{1} << 59;
    return limit < most ? limit : static_cast<std::size_t>(most);
  }

  // A single value within its own limit is also within the limit of the reply, so the fast path doesn't check
  // that.
  static std::size_t whole(const Limits& limits) noexcept {
    constexpr std::size_t header = 64;
    const std::size_t bulk = bounded(limits.bulk);
    const std::size_t line = bounded(limits.line);
    const std::size_t least = (bulk < line ? line : bulk) + header;
    const std::size_t reply = bounded(limits.reply);
    return reply < least ? least : reply;
  }

  void start_reply() noexcept;
  void discard_unfinished(std::size_t n) noexcept;
  std::uint64_t size_so_far() const noexcept { return position_ - begin_ + dropped_; }
  bool too_long() noexcept;
  const char* scan_whole(const char* base, const char* p, const char* end);
  const char* step(const char* base, const char* p, const char* end);
  bool skip_line(const char*& p, const char* end);
  bool skip_payload(const char*& p, const char* end);
  bool feed_real(char c);
  bool start_item(char c, std::size_t offset);
  bool feed_length(char c);
  bool feed_digits(char c);
  bool header_done(std::size_t next);
  bool string_begins(std::size_t next);
  bool stream_ends(std::size_t next);
  bool open(char type, std::uint64_t count, std::size_t next);
  bool open_streamed(char type);
  bool enter(Level level);
  bool item_done(std::size_t next);
  bool attribute_done(std::size_t next);
  void leave() noexcept;
  bool fail(Fault fault) noexcept;
  Fault header_fault() const noexcept;

  Limits limits_;
  std::size_t position_ = 0;
  std::size_t begin_ = 0;
  std::size_t element_end_ = 0;  // see Sequence::end
  std::size_t sequence_begin_ = 0;
  std::size_t attribute_end_ = npos;  // a value must begin here
  std::size_t payload_begin_ = 0;
  std::uint64_t declared_ = 0;
  std::uint64_t value_ = 0;  // the number in the current header
  std::uint64_t payload_left_ = 0;
  std::uint64_t payload_total_ = 0;  // of a streamed string
  std::uint64_t line_size_ = 0;      // bytes so far of the current line
  std::uint64_t dropped_ = 0;        // bytes of this reply that were discarded
  Level level_;
  std::vector<Level> parents_;
  std::size_t depth_ = 0;
  detail::RealFsm real_;
  Type type_ = Type::null;
  Stage stage_ = Stage::type;
  Fault fault_ = Fault::none;
  char item_ = 0;                  // type byte of the current value; ';' for a chunk, '.' for an end mark
  char chunked_ = 0;               // type byte of the current streamed string
  std::uint8_t format_bytes_ = 0;  // bytes seen of the "txt:" of a verbatim string
  bool negative_ = false;
  bool null_ = false;
  bool streamed_ = false;
  bool sequence_ = false;
  bool done_ = true;  // between replies

  static constexpr std::size_t npos = static_cast<std::size_t>(-1);
};

}  // namespace redstart::inline v0::resp

#include "scanner_fast.hpp"
#include "scanner_steps.hpp"
