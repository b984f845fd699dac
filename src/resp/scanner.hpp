// SPDX-License-Identifier: Apache-2.0
// scanner.hpp: finds where replies end, as bytes arrive, and validates every byte on the way.
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

namespace redstart::resp {

/// Finds the end of each reply in a growing buffer, and fails at the first byte that can't be RESP.
///
/// Resumable at any byte. A payload byte is looked at once, a byte of a header at most twice, however the
/// input is cut. Iterative: nesting costs 16 bytes a level on the heap, never stack. What a reply declares is
/// never allocated.
///
/// A reply is one top-level value with the attributes before it; pushes are replies of their own. A faulted
/// scanner stays faulted until reset().
class Scanner {
 public:
  enum class Status : std::uint8_t {
    incomplete,  ///< all bytes looked at; call again with more
    complete,    ///< one reply ends at position()
    fault,       ///< the bytes are not RESP; see fault()
  };

  /// The payload of a top-level bulk string that is still arriving.
  struct Bulk {
    std::size_t begin;    ///< offset of its first byte in the buffer
    std::size_t size;     ///< declared size
    std::size_t missing;  ///< how much of it hasn't arrived
  };

  /// A top-level aggregate that is still arriving.
  struct Sequence {
    Type type;
    std::uint64_t declared;  ///< values in it: elements, or keys and values
    std::size_t begin;       ///< offset of its first value in the buffer
    std::size_t end;  ///< end of the last complete one, rounded so that an even number of values is left
  };

  explicit Scanner(const Limits& limits = {}) noexcept
      : limits_{limits.depth,         bounded(limits.line), bounded(limits.bulk), bounded(limits.elements),
                bounded(limits.push), whole(limits)} {}

  /// Looks for the end of the next reply in `bytes`.
  ///
  /// `bytes` begins where the caller's buffer begins; the scanner keeps its own offset. While incomplete,
  /// call again with the same bytes and more behind them; the buffer may have moved. After complete the next
  /// call looks for the reply that begins at position(). Errors: std::bad_alloc for nested replies; the
  /// scanner is then to be reset.
  Status scan(std::string_view bytes);

  /// The end of the reply just completed, else the next byte to look at.
  std::size_t position() const noexcept { return position_; }
  /// Where the current (or just completed) reply begins.
  std::size_t begin() const noexcept { return begin_; }
  /// The type of the reply just completed, after its attributes.
  Type type() const noexcept { return type_; }

  Fault fault() const noexcept { return fault_; }
  /// The offset in the buffer of the first impossible byte.
  std::size_t fault_offset() const noexcept { return position_; }

  /// How many bytes at the buffer's front may be discarded now: everything before this reply, or before the
  /// first value of a sequence that isn't complete, or the payload of a bulk taken out by the caller.
  std::size_t discardable() const noexcept {
    if (done_ || bulk()) return position_;
    return in_sequence() ? element_end_ : begin_;
  }

  /// Tells that the caller dropped the first `n` bytes of its buffer. Precondition: n <= discardable().
  void discard(std::size_t n) noexcept {
    if (!done_) return discard_unfinished(n);
    position_ -= n;
    begin_ = begin_ > n ? begin_ - n : 0;
  }

  /// The payload of a plain top-level `$n` whose header is complete and whose end isn't.
  std::optional<Bulk> bulk() const noexcept {
    const bool payload =
        stage_ == Stage::payload || stage_ == Stage::payload_cr || stage_ == Stage::payload_lf;
    if (!payload || depth_ != 0 || item_ != '$' || chunked_ != 0) return std::nullopt;
    return Bulk{payload_begin_, static_cast<std::size_t>(value_), static_cast<std::size_t>(payload_left_)};
  }

  /// Tells that the next `n` payload bytes of bulk() arrived elsewhere and won't be in the buffer.
  /// Precondition: all bytes of the buffer have been scanned, and n <= bulk()->missing.
  void bulk_received(std::size_t n) noexcept {
    payload_left_ -= n;
    dropped_ += n;
    if (payload_left_ == 0 && stage_ == Stage::payload) stage_ = Stage::payload_cr;
  }

  /// The top-level array, set, map or push whose values may be taken out one by one; not for streamed forms.
  std::optional<Sequence> sequence() const noexcept {
    if (!in_sequence()) return std::nullopt;
    return Sequence{type_, declared_, sequence_begin_, element_end_};
  }

  /// How many more bytes the value at hand needs at least: 1 unless inside a string whose size is known.
  std::size_t wanted() const noexcept {
    return stage_ == Stage::payload ? static_cast<std::size_t>(payload_left_) + 2 : 1;
  }

  const Limits& limits() const noexcept { return limits_; }

  /// Forgets everything but the limits; memory for deep nesting is given back.
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
    line_cr,        // behind a CR in it
    payload,        // inside a counted string
    payload_cr,     // at its CR
    payload_lf,     // at its LF
    chunk,          // at the first byte of a streamed string's chunk
    faulted,
  };
  enum class Kind : std::uint8_t { reply, fixed, attribute, streamed, streamed_map, streamed_attribute };
  // `left` counts down the values to come. A streamed level starts at its limit, which is even for maps.
  struct Level {
    std::uint64_t left = 1;
    Kind kind = Kind::reply;
  };

  bool in_sequence() const noexcept { return sequence_ && depth_ != 0 && !done_; }
  bool is_streamed() const noexcept { return level_.kind >= Kind::streamed; }
  // No product of a limit may overflow.
  static std::size_t bounded(std::size_t limit) noexcept {
    constexpr std::uint64_t most = std::uint64_t{1} << 59;
    return limit < most ? limit : static_cast<std::size_t>(most);
  }

  // A single value within its own limit is within that of the reply too: the fast ways need not look.
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
  std::size_t attribute_end_ = npos;  // a value has to begin here
  std::size_t payload_begin_ = 0;
  std::uint64_t declared_ = 0;
  std::uint64_t value_ = 0;  // the number in the header at hand
  std::uint64_t payload_left_ = 0;
  std::uint64_t payload_total_ = 0;  // of a streamed string
  std::uint64_t line_size_ = 0;      // bytes so far of the line at hand
  std::uint64_t dropped_ = 0;        // bytes of this reply that the buffer no longer holds
  Level level_;
  std::vector<Level> parents_;
  std::size_t depth_ = 0;
  detail::RealFsm real_;
  Type type_ = Type::null;
  Stage stage_ = Stage::type;
  Fault fault_ = Fault::none;
  char item_ = 0;                  // type byte of the value at hand; ';' for a chunk, '.' for an end
  char chunked_ = 0;               // type byte of the streamed string at hand
  std::uint8_t format_bytes_ = 0;  // seen of a verbatim string's "txt:"
  bool negative_ = false;
  bool null_ = false;
  bool streamed_ = false;
  bool sequence_ = false;
  bool done_ = true;  // between replies

  static constexpr std::size_t npos = static_cast<std::size_t>(-1);
};

}  // namespace redstart::resp

#include "scanner_fast.hpp"
#include "scanner_steps.hpp"
