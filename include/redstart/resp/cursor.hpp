// SPDX-License-Identifier: Apache-2.0
// cursor.hpp: walks one complete frame that the scanner has validated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <redstart/core/peer_text.hpp>
#include <redstart/resp/decode_issue.hpp>
#include <redstart/resp/detail/find.hpp>
#include <redstart/resp/type.hpp>

namespace redstart::inline v0::resp {

/// One value, or the header of an aggregate or a streamed string.
struct Token {
  Type type = Type::null;   ///< Type::null also for the nulls of RESP2
  bool streamed = false;    ///< values or chunks follow up to the end mark
  std::uint64_t count = 0;  ///< number of values that follow; a map counts keys and values
  std::string_view text;    ///< the text after the type byte, or the payload (verbatim: without "txt:")
  std::string_view format;  ///< of a verbatim string
};

/// An open aggregate: one whose values are being read.
struct Aggregate {
  Type type = Type::array;
  bool streamed = false;
  std::uint64_t left = 0;  ///< remaining values; 0 if it is streamed
};

/// Reads the values of a frame in order.
///
/// Precondition: the scanner has accepted the frame; the cursor doesn't validate it again. The first failure
/// is stored in the issue, and all later reads fail. No function recurses or throws anything but
/// std::bad_alloc.
class Cursor {
 public:
  /// Lifetimes: refers to `frame` and `issue`.
  Cursor(std::string_view frame, DecodeIssue& issue) noexcept
      : base_(frame.data()), p_(frame.data()), end_(frame.data() + frame.size()), issue_(&issue) {}

  bool failed() const noexcept { return failed_; }
  bool at_end() const noexcept { return p_ == end_; }
  std::size_t offset() const noexcept { return static_cast<std::size_t>(p_ - base_); }
  /// The bytes that have not been read.
  std::string_view rest() const noexcept { return {p_, static_cast<std::size_t>(end_ - p_)}; }
  /// The first byte of the next value after its attributes; '.' at the end of a streamed aggregate.
  char peek() {
    if (*p_ == '|') [[unlikely]]
      skip_attributes();
    return *p_;
  }
  /// Whether the next value is a null of either protocol.
  bool null_next() {
    const char c = peek();
    return c == '_' || ((c == '$' || c == '*') && p_[1] == '-');
  }
  Type next_type() { return null_next() ? Type::null : static_cast<Type>(*p_); }
  /// Whether the next value is an error reply.
  bool error_next() { return is_error(static_cast<Type>(peek())); }

  /// Reads a plain bulk string; inline, as it is the common case. Returns false and reads nothing if the next
  /// value is anything else.
  bool take_bulk(std::string_view& out) noexcept {
    if (*p_ != '$') return false;
    const char* q = p_ + 1;
    unsigned digit = static_cast<unsigned char>(*q) - unsigned{'0'};
    if (digit > 9) return false;
    std::size_t size = digit;
    if (*++q != '\r') {
      size = size * 10 + (static_cast<unsigned char>(*q) - unsigned{'0'});
      while (*++q != '\r') size = size * 10 + (static_cast<unsigned char>(*q) - unsigned{'0'});
    }
    q += 2;
    out = std::string_view(q, size);
    p_ = q + size + 2;
    return true;
  }

  /// Reads the next value if it is the simple string `text`. Inline.
  bool take_simple(std::string_view text) noexcept {
    if (rest().size() < text.size() + 3 || *p_ != '+' || std::memcmp(p_ + 1, text.data(), text.size()) != 0)
      return false;
    if (p_[text.size() + 1] != '\r' || p_[text.size() + 2] != '\n') return false;
    p_ += text.size() + 3;
    return true;
  }
  /// Reads the next value if it is an integer. Inline.
  bool take_integer(std::int64_t& out) noexcept {
    if (*p_ != ':') return false;
    const char* q = p_ + 1;
    const bool negative = *q == '-';
    if (negative || *q == '+') ++q;
    std::uint64_t value = 0;
    for (; *q != '\r'; ++q) value = value * 10 + static_cast<std::uint64_t>(*q - '0');
    out = static_cast<std::int64_t>(negative ? 0 - value : value);
    p_ = q + 2;
    return true;
  }

  /// Reads the next value or header and skips its attributes.
  Token take() {
    peek();
    return take_raw();
  }
  /// Like take(), but returns attributes as tokens: first the header, then the pairs, then the value they
  /// belong to.
  Token take_raw();

  /// Reads the end mark of a streamed aggregate if it is next.
  bool take_end() noexcept {
    if (*p_ != '.') return false;
    p_ += 3;
    return true;
  }

  /// Reads the next chunk of a streamed string. Returns false at its end.
  bool take_chunk(std::string_view& out) noexcept {
    ++p_;
    const std::uint64_t size = number();
    out = std::string_view(p_, static_cast<std::size_t>(size));
    if (size == 0) return false;
    p_ += size + 2;
    return true;
  }

  /// Opens the next value. Fails and returns false unless it is an aggregate other than null.
  bool open(Aggregate& out, const char* expected) {
    const char c = peek();
    const bool aggregate = c == '*' || c == '%' || c == '~' || c == '>';
    if (failed_ || !aggregate || p_[1] == '-') return fail(expected);
    const Token token = take_raw();
    out = {token.type, token.streamed, token.count};
    return true;
  }
  /// Whether another value of the aggregate follows. Reads the end mark of a streamed aggregate.
  bool more(Aggregate& aggregate) noexcept {
    if (!aggregate.streamed) {
      if (aggregate.left == 0 || failed_) return false;
      --aggregate.left;
      return true;
    }
    if (failed_) return false;
    if (!take_end()) return true;
    aggregate.streamed = false;
    aggregate.left = 0;
    return false;
  }

  /// Skips the next value, its attributes and everything inside it.
  void skip();

  /// Records that the next value isn't the expected one. Returns false.
  bool fail(std::string_view expected);
  /// Records a failure at `token`, which began at `offset`. Returns false.
  bool fail(std::string_view expected, const Token& token, std::size_t offset);
  /// Records that the current aggregate ended before the expected value. Returns false.
  bool fail_at_end(std::string_view expected, Type type);
  /// Adds an element index to the path of a failure. Call from the innermost aggregate outwards.
  void within(std::size_t index) { issue_->path.insert(0, "[" + std::to_string(index) + "]"); }
  /// A position to return to after a failure, so that another type can be tried.
  struct Mark {
    const char* p;
  };
  Mark save() const noexcept { return {p_}; }
  void restore(Mark mark) {
    p_ = mark.p;
    failed_ = false;
    *issue_ = DecodeIssue{};
  }

 private:
  std::uint64_t number() noexcept {
    std::uint64_t value = 0;
    for (; *p_ != '\r'; ++p_) value = value * 10 + static_cast<std::uint64_t>(*p_ - '0');
    p_ += 2;
    return value;
  }
  std::string_view line() noexcept;
  void skip_attributes();

  const char* base_;
  const char* p_;
  const char* end_;
  DecodeIssue* issue_;
  bool failed_ = false;
};

inline std::string_view Cursor::line() noexcept {
  const char* const begin = p_;
  const char* cr = detail::find_cr(p_, end_);
  while (cr[1] != '\n') cr = detail::find_cr(cr + 1, end_);
  p_ = cr + 2;
  return {begin, static_cast<std::size_t>(cr - begin)};
}

inline Token Cursor::take_raw() {
  Token token;
  const char c = *p_++;
  token.type = static_cast<Type>(c);
  switch (c) {
    case '$':
    case '!':
    case '=':
    case '*':
    case '~':
    case '%':
    case '>':
    case '|':
      if (*p_ == '-') {
        p_ += 4;
        token.type = Type::null;
      } else if (*p_ == '?') {
        p_ += 3;
        token.streamed = true;
      } else if (is_aggregate(token.type)) {
        token.count = number();
        if (c == '%' || c == '|') token.count *= 2;
      } else {
        const auto size = static_cast<std::size_t>(number());
        token.text = std::string_view(p_, size);
        p_ += size + 2;
        if (c == '=') {
          token.format = token.text.substr(0, 3);
          token.text.remove_prefix(4);
        }
      }
      break;
    default: token.text = line();
  }
  return token;
}

// Remaining values are counted, not stacked. Only a streamed aggregate has to remember the count of the level
// around it.
inline void Cursor::skip() {
  std::uint64_t left = 1;
  std::vector<std::uint64_t> around;
  std::string_view chunk;
  while (left != 0) {
    if (*p_ == '.') {
      p_ += 3;
      left = around.back();
      around.pop_back();
      continue;
    }
    const Token token = take_raw();
    if (!is_aggregate(token.type)) {
      while (token.streamed && take_chunk(chunk)) {
      }
      --left;
    } else if (token.streamed) {
      // `left` doesn't apply inside a streamed aggregate: '.' ends it
      around.push_back(token.type == Type::attribute ? left : left - 1);
      left = static_cast<std::uint64_t>(-1) / 2;
    } else {
      left += token.count;
      if (token.type != Type::attribute) --left;
    }
  }
}

[[gnu::noinline]] inline void Cursor::skip_attributes() {
  while (*p_ == '|') {
    Token token = take_raw();
    Aggregate pairs{token.type, token.streamed, token.count};
    while (more(pairs)) skip();
  }
}

[[gnu::noinline]] inline bool Cursor::fail(std::string_view expected) {
  if (failed_) return false;
  peek();
  const std::size_t at = offset();
  const Token token = take_raw();
  return fail(expected, token, at);
}

[[gnu::noinline]] inline bool Cursor::fail(std::string_view expected, const Token& token,
                                           std::size_t offset) {
  if (failed_) return false;
  constexpr std::size_t excerpt = 65;
  failed_ = true;
  issue_->expected = expected;
  issue_->got = token.type;
  issue_->offset = offset;
  if (is_aggregate(token.type)) {
    if (!token.streamed)
      issue_->text = std::to_string(token.count) + (token.count == 1 ? " value" : " values");
  } else {
    if (is_error(token.type))
      issue_->text = peer_text(token.text);
    else
      issue_->text = token.text.substr(0, excerpt);
  }
  return false;
}

[[gnu::noinline]] inline bool Cursor::fail_at_end(std::string_view expected, Type type) {
  Token token;
  token.type = type;
  token.streamed = true;
  if (!failed_) issue_->at_end = true;
  return fail(expected, token, offset());
}

}  // namespace redstart::inline v0::resp
