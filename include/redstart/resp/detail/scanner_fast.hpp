// SPDX-License-Identifier: Apache-2.0
// scanner_fast.hpp: the scanner's loop over values that lie whole in the buffer.
#pragma once

#include <cstring>

#include <redstart/resp/scanner.hpp>

namespace redstart::resp {
namespace detail {

inline bool at_crlf(const char* p, const char* end) noexcept {
  return end - p >= 2 && p[0] == '\r' && p[1] == '\n';
}

/// Reads `digits CRLF` of a length. False when it isn't there whole, plain and within the limit: then the
/// steps decide.
inline bool read_size(const char*& p, const char* end, std::uint64_t limit, std::uint64_t& size) noexcept {
  const char* q = p;
  if (q == end) return false;
  unsigned digit = static_cast<unsigned char>(*q) - unsigned{'0'};
  if (digit > 9) return false;
  std::uint64_t value = digit;
  ++q;
  if (value != 0) {
    while (q != end && (digit = static_cast<unsigned char>(*q) - unsigned{'0'}) <= 9) {
      value = value * 10 + digit;
      if (value > limit) return false;
      ++q;
    }
  }
  if (value > limit || !at_crlf(q, end)) return false;
  p = q + 2;
  size = value;
  return true;
}

/// The end of an integer of at most 18 digits, or null.
inline const char* integer_end(const char* p, const char* end) noexcept {
  if (p != end && (*p == '-' || *p == '+')) ++p;
  const char* q = p;
  while (q != end && is_digit(*q)) ++q;
  return q != p && q - p <= 18 && at_crlf(q, end) ? q + 2 : nullptr;
}

/// The end of a line that is there whole, or null.
inline const char* line_end(const char* p, const char* end, std::size_t limit) noexcept {
  const char* from = p;
  while (end - from >= 2) {
    const auto* cr =
        static_cast<const char*>(std::memchr(from, '\r', static_cast<std::size_t>(end - from - 1)));
    if (cr == nullptr) return nullptr;
    if (cr[1] == '\n') return static_cast<std::size_t>(cr - p) <= limit ? cr + 2 : nullptr;
    from = cr + 1;
  }
  return nullptr;
}

}  // namespace detail

inline Scanner::Status Scanner::scan(std::string_view bytes) {
  if (done_) start_reply();
  const char* const base = bytes.data();
  const char* const end = base + bytes.size();
  const char* p = base + position_;
  while (stage_ != Stage::faulted) {
    if (stage_ == Stage::type) p = scan_whole(base, p, end);
    if (!done_ && p != end) p = step(base, p, end);
    position_ = static_cast<std::size_t>(p - base);
    if (done_) return Status::complete;
    if (p == end && stage_ != Stage::faulted) return Status::incomplete;
  }
  return Status::fault;
}

// Stops at the first value that isn't there whole and plain. `left` and `element_end` live in registers
// meanwhile.
inline const char* Scanner::scan_whole(const char* base, const char* p, const char* end) {
  std::uint64_t left = level_.left;
  const char* element_end = nullptr;
  const auto stop = [&](const char* at) {
    level_.left = left;
    if (element_end != nullptr) element_end_ = static_cast<std::size_t>(element_end - base);
    return at;
  };
  while (p != end) {
    const char* q = p + 1;
    std::uint64_t size = 0;
    switch (*p) {
      case '$':
        if (!detail::read_size(q, end, limits_.bulk, size)) return stop(p);
        if (static_cast<std::uint64_t>(end - q) < size + 2) return stop(p);
        q += size;
        if (q[0] != '\r' || q[1] != '\n') return stop(p);
        q += 2;
        break;
      case ':':
        q = detail::integer_end(q, end);
        if (q == nullptr) return stop(p);
        break;
      case '+':
      case '-':
        q = detail::line_end(q, end, limits_.line);
        if (q == nullptr) return stop(p);
        break;
      case '_':
        if (!detail::at_crlf(q, end)) return stop(p);
        q += 2;
        break;
      case '#':
        if (q == end || (*q != 't' && *q != 'f') || !detail::at_crlf(q + 1, end)) return stop(p);
        q += 3;
        break;
      case '*':
      case '~':
      case '%': {
        if (!detail::read_size(q, end, limits_.elements, size)) return stop(p);
        const char type = *p;
        if (depth_ == 0) type_ = static_cast<Type>(type);
        stop(p);
        if (!open(type, size, static_cast<std::size_t>(q - base))) return done_ ? q : q - 1;
        left = level_.left;
        element_end = nullptr;
        p = q;
        continue;
      }
      default: return stop(p);
    }
    if (--left == 0) {
      if (depth_ == 0) type_ = static_cast<Type>(*p);
      stop(p);
      level_.left = 1;
      if (!item_done(static_cast<std::size_t>(q - base))) return done_ ? q : q - 1;
      left = level_.left;
      element_end = nullptr;
    } else if (depth_ == 1 && (left & 1) == 0) {
      element_end = q;
    }
    p = q;
  }
  return stop(p);
}

}  // namespace redstart::resp
