// SPDX-License-Identifier: Apache-2.0
// scanner_fast.hpp: the scanner's fast path for values complete in the buffer.
#pragma once

#include "scanner.hpp"

#include <cstring>

#include <redstart/resp/detail/find.hpp>

namespace redstart::inline v0::resp {
namespace detail {

inline bool is_crlf(const char* p) noexcept { return std::memcmp(p, "\r\n", 2) == 0; }
inline bool at_crlf(const char* p, const char* end) noexcept { return end - p >= 2 && is_crlf(p); }

/// Reads a length as `digits CRLF`. Returns false unless it is complete, plain and within the limit; the
/// state machine then decides.
inline bool read_size(const char*& p, const char* end, std::uint64_t limit, std::uint64_t& size) noexcept {
  const char* q = p;
  if (end - q < 4) return false;
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

/// Returns the end of a complete integer of at most 18 digits, or null.
inline const char* integer_end(const char* p, const char* end, std::size_t limit) noexcept {
  const char* q = p;
  if (q != end && (*q == '-' || *q == '+')) ++q;
  const char* const digits = q;
  while (q != end && is_digit(*q)) ++q;
  if (q == digits || q - digits > 18 || static_cast<std::size_t>(q - p) > limit) return nullptr;
  return at_crlf(q, end) ? q + 2 : nullptr;
}

/// Returns the end of a complete line, or null.
inline const char* line_end(const char* p, const char* end, std::size_t limit) noexcept {
  const char* from = p;
  for (;;) {
    const char* const cr = find_cr(from, end);
    if (end - cr < 2) return nullptr;
    if (cr[1] == '\n') return static_cast<std::size_t>(cr - p) <= limit ? cr + 2 : nullptr;
    from = cr + 1;
  }
}

/// Returns the end of a complete plain bulk string, or null.
[[gnu::always_inline]] inline const char* bulk_end(const char* p, const char* end,
                                                   std::uint64_t limit) noexcept {
  const char* q = p + 1;
  std::uint64_t size = 0;
  const unsigned tens = end - p < 6 ? 0 : static_cast<unsigned char>(p[1]) - unsigned{'0'};
  const unsigned ones = end - p < 6 ? 0 : static_cast<unsigned char>(p[2]) - unsigned{'0'};
  if (tens - 1 < 9 && ones <= 9 && is_crlf(p + 3) && limit >= 99) [[likely]] {
    // most lengths have two digits
    size = tens * 10 + ones;
    q = p + 5;
  } else if (!read_size(q, end, limit, size)) {
    return nullptr;
  }
  if (static_cast<std::uint64_t>(end - q) < size + 2) return nullptr;
  q += size;
  return is_crlf(q) ? q + 2 : nullptr;
}

/// Returns the end of any other complete value of a common type that holds no values, or null.
[[gnu::noinline]] inline const char* leaf_end(const char* p, const char* end, const Limits& limits) noexcept {
  const char* q = p + 1;
  switch (*p) {
    case ':': return integer_end(q, end, limits.line);
    case '+':
    case '-': return line_end(q, end, limits.line);
    case '_': return at_crlf(q, end) ? q + 2 : nullptr;
    case '#': return q != end && (*q == 't' || *q == 'f') && at_crlf(q + 1, end) ? q + 3 : nullptr;
    default: return nullptr;
  }
}

}  // namespace detail

inline Scanner::Status Scanner::scan(std::string_view bytes) {
  const char* const base = bytes.data();
  const char* const end = base + bytes.size();
  const char* p = base + position_;
  if (done_) {
    // the common reply: one complete value
    begin_ = position_;
    if (p == end) return Status::incomplete;  // the reply has not begun, so it may still be the common one
    const char* const leaf =
        *p == '$' ? detail::bulk_end(p, end, limits_.bulk) : detail::leaf_end(p, end, limits_);
    if (leaf != nullptr) {
      type_ = static_cast<Type>(*p);
      position_ = static_cast<std::size_t>(leaf - base);
      return Status::complete;
    }
    start_reply();
  }
  while (stage_ != Stage::faulted) {
    if (stage_ == Stage::type) p = scan_whole(base, p, end);
    if (!done_ && p != end) p = step(base, p, end);
    position_ = static_cast<std::size_t>(p - base);
    if (too_long()) [[unlikely]]
      break;
    if (done_) return Status::complete;
    if (p == end && stage_ != Stage::faulted) return Status::incomplete;
  }
  return Status::fault;
}

// Stops at the first value that isn't complete and plain. Copies of `left` and `element_end` stay in
// registers inside the loop.
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
    if (*p == '$') [[likely]] {
      q = detail::bulk_end(p, end, limits_.bulk);
    } else if (*p == '*' || *p == '~' || *p == '%') {
      std::uint64_t size = 0;
      if (!detail::read_size(q, end, limits_.elements, size)) return stop(p);
      if (depth_ == 0) type_ = static_cast<Type>(*p);
      stop(p);
      if (!open(*p, size, static_cast<std::size_t>(q - base))) return done_ ? q : q - 1;
      left = level_.left;
      element_end = nullptr;
      p = q;
      continue;
    } else {
      q = detail::leaf_end(p, end, limits_);
    }
    if (q == nullptr) return stop(p);
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

}  // namespace redstart::inline v0::resp
