// SPDX-License-Identifier: Apache-2.0
// scanner_steps.hpp: the scanner's state machine for partial values and faults.
#pragma once

#include "scanner.hpp"

#include <cstring>

namespace redstart::inline v0::resp {

inline void Scanner::start_reply() noexcept {
  done_ = false;
  sequence_ = false;
  dropped_ = 0;
  attribute_end_ = npos;
  level_ = Level{};
}

// Between replies only `position_` and `begin_` matter; the other offsets shifted here are unused.
inline void Scanner::discard_unfinished(std::size_t n) noexcept {
  if (n > begin_) dropped_ += n - begin_;
  const auto shift = [n](std::size_t& offset) { offset = offset > n ? offset - n : 0; };
  shift(position_);
  shift(begin_);
  shift(element_end_);
  shift(sequence_begin_);
  shift(payload_begin_);
  if (attribute_end_ != npos) shift(attribute_end_);
}

inline bool Scanner::fail(Fault fault) noexcept {
  fault_ = fault;
  stage_ = Stage::faulted;
  return false;
}

// Whether this reply exceeds its limit. If so, the scanner faults at the first byte beyond the limit,
// wherever the input was cut and whatever follows that byte. While `type_` is '|', all bytes so far are
// attributes.
inline bool Scanner::too_long() noexcept {
  const bool unasked = type_ == Type::push || type_ == Type::attribute;
  const std::uint64_t limit = unasked ? limits_.push : limits_.reply;
  if (size_so_far() <= limit) [[likely]]
    return false;
  done_ = false;
  position_ = begin_ + static_cast<std::size_t>(limit < dropped_ ? 0 : limit - dropped_);
  fail(unasked ? Fault::limit_push : Fault::limit_reply);
  return true;
}

inline Fault Scanner::header_fault() const noexcept {
  switch (item_) {
    case ':': return Fault::integer;
    case '(': return Fault::bignum;
    case ',': return Fault::real;
    case '#': return Fault::boolean;
    case '_': return Fault::null;
    case '.': return Fault::crlf;
    default: return Fault::length;
  }
}

// Stops at the end of the bytes, at the invalid byte of a fault, or where a value begins.
inline const char* Scanner::step(const char* base, const char* p, const char* end) {
  while (p != end) {
    const auto offset = static_cast<std::size_t>(p - base);
    bool good = true;
    switch (stage_) {
      case Stage::type: good = start_item(*p, offset); break;
      case Stage::length_first:
      case Stage::length_digits:
      case Stage::length_minus: good = feed_length(*p); break;
      case Stage::sign:
      case Stage::digits_first:
      case Stage::digits: good = feed_digits(*p); break;
      case Stage::real: good = feed_real(*p); break;
      case Stage::boolean:
        stage_ = Stage::header_cr;
        good = *p == 't' || *p == 'f' || fail(Fault::boolean);
        break;
      case Stage::header_cr:
        stage_ = Stage::header_lf;
        good = *p == '\r' || fail(header_fault());
        break;
      case Stage::header_lf: good = *p == '\n' ? header_done(offset + 1) : fail(header_fault()); break;
      case Stage::line:
        if (!skip_line(p, end)) return p;
        continue;
      case Stage::line_cr:
        if (*p == '\n') {
          stage_ = Stage::type;
          good = item_done(offset + 1);
        } else {
          // the previous CR was data; this byte may be another CR
          good = ++line_size_ <= limits_.line || fail(Fault::limit_line);
          if (good && *p != '\r') {
            stage_ = Stage::line;
            continue;
          }
        }
        break;
      case Stage::payload:
        if (!skip_payload(p, end)) return p;
        continue;
      case Stage::payload_cr:
        stage_ = Stage::payload_lf;
        good = *p == '\r' || fail(Fault::crlf);
        break;
      case Stage::payload_lf:
        stage_ = chunked_ != 0 ? Stage::chunk : Stage::type;
        if (*p != '\n') {
          good = fail(Fault::crlf);
        } else if (chunked_ == 0) {
          good = item_done(offset + 1);
        }
        break;
      case Stage::chunk:
        item_ = ';';
        value_ = 0;
        null_ = streamed_ = false;
        stage_ = Stage::length_first;
        good = *p == ';' || fail(Fault::chunk);
        break;
      case Stage::faulted: return p;
    }
    if (!good) return done_ ? p + 1 : p;
    ++p;
    if (stage_ == Stage::type) return p;
  }
  return p;
}

inline bool Scanner::start_item(char c, std::size_t offset) {
  if (depth_ == 0) type_ = static_cast<Type>(c);
  item_ = c;
  value_ = 0;
  line_size_ = 0;
  negative_ = null_ = streamed_ = false;
  chunked_ = 0;
  format_bytes_ = 0;
  switch (c) {
    case '>':
      if (depth_ != 0) return fail(Fault::push_nested);
      [[fallthrough]];
    case '$':
    case '=':
    case '!':
    case '*':
    case '~':
    case '%':
    case '|': stage_ = Stage::length_first; return true;
    case '+':
    case '-': stage_ = Stage::line; return true;
    case ':':
    case '(': stage_ = Stage::sign; return true;
    case ',':
      real_ = detail::RealFsm{};
      stage_ = Stage::real;
      return true;
    case '#': stage_ = Stage::boolean; return true;
    case '_': stage_ = Stage::header_cr; return true;
    case '.':
      if (!is_streamed() || attribute_end_ == offset) return fail(Fault::type_byte);
      if (level_.kind != Kind::streamed && (level_.left & 1) != 0) return fail(Fault::map_odd);
      stage_ = Stage::header_cr;
      return true;
    default: return fail(Fault::type_byte);
  }
}

inline bool Scanner::feed_length(char c) {
  if (stage_ == Stage::length_minus) {
    null_ = true;
    stage_ = Stage::header_cr;
    return c == '1' || fail(Fault::length);
  }
  if (detail::is_digit(c)) {
    const bool string = item_ == '$' || item_ == '=' || item_ == '!' || item_ == ';';
    const std::uint64_t limit =
        string ? limits_.bulk - (item_ == ';' ? payload_total_ : 0) : limits_.elements;
    value_ = value_ * 10 + static_cast<std::uint64_t>(c - '0');
    if (value_ > limit) return fail(string ? Fault::limit_bulk : Fault::limit_elements);
    stage_ = value_ == 0 ? Stage::header_cr : Stage::length_digits;
    return true;
  }
  if (stage_ == Stage::length_digits) {
    stage_ = Stage::header_lf;
    return c == '\r' || fail(Fault::length);
  }
  if (c == '-' && (item_ == '$' || item_ == '*')) {
    stage_ = Stage::length_minus;
    return true;
  }
  streamed_ = true;
  stage_ = Stage::header_cr;
  return (c == '?' && item_ != '>' && item_ != ';') || fail(Fault::length);
}

inline bool Scanner::feed_digits(char c) {
  const Fault fault = header_fault();
  if (detail::is_digit(c)) {
    stage_ = Stage::digits;
    if (++line_size_ > limits_.line) return fail(Fault::limit_line);
    if (item_ != ':') return true;
    constexpr std::uint64_t largest = 9223372036854775807U;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value_ > (largest + (negative_ ? 1U : 0U) - digit) / 10) return fail(fault);
    value_ = value_ * 10 + digit;
    return true;
  }
  if (stage_ == Stage::digits) {
    stage_ = Stage::header_lf;
    return c == '\r' || fail(fault);
  }
  const bool sign = stage_ == Stage::sign && (c == '-' || c == '+');
  negative_ = c == '-';
  ++line_size_;
  stage_ = Stage::digits_first;
  return sign || fail(fault);
}

inline bool Scanner::feed_real(char c) {
  if (c == '\r' && real_.accepts()) {
    stage_ = Stage::header_lf;
    return true;
  }
  if (!real_.feed(c)) return fail(Fault::real);
  return ++line_size_ <= limits_.line || fail(Fault::limit_line);
}

// Moves p to the first CR or to the end. Returns false at the limit.
inline bool Scanner::skip_line(const char*& p, const char* end) {
  const auto* const cr = static_cast<const char*>(std::memchr(p, '\r', static_cast<std::size_t>(end - p)));
  const auto data = static_cast<std::uint64_t>((cr == nullptr ? end : cr) - p);
  if (data > limits_.line - line_size_) {
    p += limits_.line - line_size_;
    return fail(Fault::limit_line);
  }
  line_size_ += data;
  p += data;
  if (cr != nullptr) {
    ++p;
    stage_ = Stage::line_cr;
  }
  return true;
}

// Moves p over the available payload. Returns false at an invalid byte of a verbatim string.
inline bool Scanner::skip_payload(const char*& p, const char* end) {
  const bool verbatim = item_ == '=' || chunked_ == '=';
  while (verbatim && format_bytes_ < 4 && p != end && payload_left_ != 0) {
    if (format_bytes_ == 3 && *p != ':') return fail(Fault::verbatim);
    ++format_bytes_;
    ++p;
    --payload_left_;
  }
  const auto there = static_cast<std::uint64_t>(end - p);
  const std::uint64_t skipped = there < payload_left_ ? there : payload_left_;
  p += skipped;
  payload_left_ -= skipped;
  if (payload_left_ == 0) stage_ = Stage::payload_cr;
  return true;
}

inline bool Scanner::header_done(std::size_t next) {
  stage_ = Stage::type;
  switch (item_) {
    case '$':
    case '!':
    case '=':
      if (null_) return item_done(next);
      if (!streamed_) return string_begins(next);
      chunked_ = item_;
      payload_total_ = 0;
      stage_ = Stage::chunk;
      return true;
    case ';':
      if (value_ != 0) return string_begins(next);
      if (chunked_ == '=' && format_bytes_ < 4) return fail(Fault::verbatim);
      return item_done(next);
    case '*':
    case '~':
    case '%':
    case '>':
    case '|':
      if (null_) return item_done(next);
      return streamed_ ? open_streamed(item_) : open(item_, value_, next);
    case '.': return stream_ends(next);
    default: return item_done(next);
  }
}

inline bool Scanner::string_begins(std::size_t next) {
  if (item_ == '=' && value_ < 4) return fail(Fault::verbatim);
  payload_begin_ = next;
  payload_left_ = value_;
  if (item_ == ';') payload_total_ += value_;
  stage_ = value_ == 0 ? Stage::payload_cr : Stage::payload;
  return true;
}

inline bool Scanner::open(char type, std::uint64_t count, std::size_t next) {
  const bool pairs = type == '%' || type == '|';
  const std::uint64_t values = pairs ? count * 2 : count;
  if (depth_ >= limits_.depth) return fail(Fault::depth);
  if (type == '>' && count == 0) return fail(Fault::push_empty);
  if (depth_ == 0 && type != '|') {
    sequence_ = true;
    declared_ = values;
    sequence_begin_ = element_end_ = next;
  }
  if (values != 0) return enter({values, type == '|' ? Kind::attribute : Kind::fixed});
  return type == '|' ? attribute_done(next) : item_done(next);
}

inline bool Scanner::open_streamed(char type) {
  if (depth_ >= limits_.depth) return fail(Fault::depth);
  const std::uint64_t beyond = std::uint64_t{limits_.elements} + 1;
  if (type == '%') return enter({beyond * 2, Kind::streamed_map});
  return enter(type == '|' ? Level{beyond * 2, Kind::streamed_attribute} : Level{beyond, Kind::streamed});
}

inline bool Scanner::enter(Level level) {
  if (depth_ != 0) parents_.push_back(level_);
  ++depth_;
  level_ = level;
  return true;
}

inline void Scanner::leave() noexcept {
  --depth_;
  if (depth_ == 0) {
    level_ = Level{};
    constexpr std::size_t kept_levels = 64;
    if (parents_.capacity() > kept_levels) std::vector<Level>{}.swap(parents_);
  } else {
    level_ = parents_.back();
    parents_.pop_back();
  }
}

inline bool Scanner::stream_ends(std::size_t next) {
  const bool attribute = level_.kind == Kind::streamed_attribute;
  leave();
  return attribute ? attribute_done(next) : item_done(next);
}

// Attributes of a value inside the reply count as part of that value.
inline bool Scanner::attribute_done(std::size_t next) {
  attribute_end_ = next;
  return depth_ != 0 || next - begin_ + dropped_ <= limits_.push || fail(Fault::limit_push);
}

// Counts a complete value in its enclosing aggregates. Returns false if the reply is complete or exceeds a
// limit.
inline bool Scanner::item_done(std::size_t next) {
  while (--level_.left == 0) {
    if (is_streamed()) return fail(Fault::limit_elements);
    if (depth_ == 0) {
      done_ = true;
      return false;
    }
    const bool attribute = level_.kind == Kind::attribute;
    leave();
    if (attribute) return attribute_done(next);
  }
  if (depth_ == 1 && (level_.left & 1) == 0) element_end_ = next;
  return true;
}

}  // namespace redstart::inline v0::resp
