// SPDX-License-Identifier: Apache-2.0
// value_build.hpp: builds a Value from a frame in two passes.
#pragma once

#include <bit>

#include <redstart/resp/number.hpp>
#include <redstart/resp/value.hpp>

namespace redstart::inline v0 {
namespace detail {

/// Reads the next value of a cursor into a Value, without recursion.
///
/// The values of an aggregate are contiguous, so their number must be known before the first one is stored.
/// Streamed aggregates don't declare it. Neither do attributes: consecutive ones become one node, whose last
/// value is the value that they annotate. The first pass records these numbers in the order in which the
/// aggregates begin.
struct ValueBuilder {
  using Type = resp::Type;
  using Token = resp::Token;

  static void build(resp::Cursor& cursor, Value& out) {
    ValueBuilder builder{out};
    const auto mark = cursor.save();
    out.nodes_.clear();
    out.text_.clear();
    if (!builder.count(cursor)) return;
    cursor.restore(mark);
    out.nodes_.reserve(builder.nodes_);
    out.text_.reserve(builder.bytes_);
    builder.fill(cursor);
  }

 private:
  enum class Kind : std::uint8_t {
    fixed,           // an aggregate that declared its size, or the level around the root
    streamed,        // an aggregate that ends with '.'
    attributed,      // waits for the value that follows its attributes
    pairs,           // the pairs of an attribute; they belong to the attributed level below
    streamed_pairs,  // the same, ending with '.'
  };
  struct Level {
    std::uint64_t left;  // remaining values
    std::uint64_t at;    // first pass: where its size is recorded; second pass: where its next value goes
    Kind kind;
  };
  static constexpr std::uint64_t none = static_cast<std::uint64_t>(-1);
  static constexpr std::uint64_t unbounded = none / 2;

  explicit ValueBuilder(Value& value) : out_(value) {}

  // First pass: counts nodes, bytes of text, and the values of aggregates without a declared size. Fails the
  // cursor and returns false at a double outside the range of `double`.
  bool count(resp::Cursor& cursor) {
    levels_.push_back({1, none, Kind::fixed});
    while (!levels_.empty()) {
      if (level_ends(cursor)) continue;
      const std::size_t offset = cursor.offset();
      const Token token = cursor.take_raw();
      if (double unused = 0; token.type == Type::real && !resp::detail::convert_real(token.text, unused))
        return cursor.fail("a number within range", token, offset);
      if (token.type == Type::attribute) {
        if (levels_.back().kind != Kind::attributed) {
          count_value();
          note(Kind::attributed, 1);
        }
        push(token, levels_.back().at);
        continue;
      }
      count_value();
      if (!is_aggregate(token.type)) {
        count_text(cursor, token);
      } else if (token.streamed) {
        note(Kind::streamed, unbounded);
      } else {
        push(token, none);
      }
    }
    return true;
  }

  void count_value() {
    Level& level = levels_.back();
    --level.left;
    if (level.at != none) ++counts_[static_cast<std::size_t>(level.at)];
    ++nodes_;
  }
  void note(Kind kind, std::uint64_t left) {
    levels_.push_back({left, counts_.size(), kind});
    counts_.push_back(0);
  }
  void push(const Token& token, std::uint64_t at) {
    const bool pairs = token.type == Type::attribute;
    if (token.streamed) {
      levels_.push_back({unbounded, at, pairs ? Kind::streamed_pairs : Kind::streamed});
    } else {
      levels_.push_back({token.count, at, pairs ? Kind::pairs : Kind::fixed});
    }
  }

  // Ends the innermost level if it is complete.
  bool level_ends(resp::Cursor& cursor) {
    const Level level = levels_.back();
    const bool streamed = level.kind == Kind::streamed || level.kind == Kind::streamed_pairs;
    if (streamed ? !cursor.take_end() : level.left != 0) return false;
    levels_.pop_back();
    // the value that follows the pairs of an attribute is stored after them
    if (level.kind == Kind::pairs || level.kind == Kind::streamed_pairs) levels_.back().at = level.at;
    return true;
  }

  void count_text(resp::Cursor& cursor, const Token& token) {
    std::string_view chunk = token.text;
    if (token.streamed) {
      while (cursor.take_chunk(chunk)) bytes_ += chunk.size();
    } else if (is_text(token.type)) {
      bytes_ += chunk.size() + (token.type == Type::verbatim ? 4 : 0);
    }
  }

  // Second pass: stores nodes and text.
  void fill(resp::Cursor& cursor) {
    out_.nodes_.resize(1);
    levels_.push_back({1, 0, Kind::fixed});
    std::size_t noted = 0;
    while (!levels_.empty()) {
      if (level_ends(cursor)) continue;
      const Token token = cursor.take_raw();
      if (token.type == Type::attribute) {
        if (levels_.back().kind != Kind::attributed) {
          const std::uint64_t first = place(next(), token.type, counts_[noted++]);
          levels_.push_back({1, first, Kind::attributed});
        }
        push(token, levels_.back().at);
        continue;
      }
      const std::uint64_t at = next();
      if (is_aggregate(token.type)) {
        push(token, place(at, token.type, token.streamed ? counts_[noted++] : token.count));
      } else {
        fill_leaf(cursor, token, out_.nodes_[static_cast<std::size_t>(at)]);
      }
    }
  }

  std::uint64_t next() {
    --levels_.back().left;
    return levels_.back().at++;
  }

  std::uint64_t place(std::uint64_t at, Type type, std::uint64_t values) {
    const std::uint64_t first = out_.nodes_.size();
    out_.nodes_[static_cast<std::size_t>(at)] = node(type, first, values);
    out_.nodes_.resize(static_cast<std::size_t>(first + values));
    return first;
  }

  void fill_leaf(resp::Cursor& cursor, const Token& token, ValueNode& at) {
    std::string& text = out_.text_;
    const std::uint64_t begin = text.size();
    switch (token.type) {
      case Type::null: at = node(token.type, 0, 0); return;
      case Type::boolean: at = node(token.type, token.text == "t" ? 1 : 0, 0); return;
      case Type::integer: {
        std::int64_t number = 0;
        resp::detail::parse_integer(token.text, number);
        at = node(token.type, static_cast<std::uint64_t>(number), 0);
        return;
      }
      case Type::real: {
        double number = 0;
        resp::detail::convert_real(token.text, number);
        at = node(token.type, std::bit_cast<std::uint64_t>(number), 0);
        return;
      }
      default: break;
    }
    if (token.streamed) {
      std::string_view chunk;
      while (cursor.take_chunk(chunk)) text += chunk;
    } else {
      if (token.type == Type::verbatim) {
        text += token.format;
        text += ':';
      }
      text += token.text;
    }
    at = node(token.type, begin, text.size() - begin);
  }

  static bool is_text(Type type) noexcept {
    return type != Type::null && type != Type::boolean && type != Type::integer && type != Type::real;
  }
  static ValueNode node(Type type, std::uint64_t payload, std::uint64_t size) noexcept {
    return {payload, size | static_cast<std::uint64_t>(static_cast<unsigned char>(type)) << 56};
  }

  Value& out_;
  std::size_t nodes_ = 0;
  std::size_t bytes_ = 0;
  std::vector<std::uint64_t> counts_;
  std::vector<Level> levels_;
};

}  // namespace detail

inline Value Value::from_frame(std::string_view frame) {
  Value value;
  resp::DecodeIssue issue;
  resp::Cursor cursor(frame, issue);
  detail::ValueBuilder::build(cursor, value);
  if (cursor.failed()) throw ValueError(issue.describe());
  return value;
}

}  // namespace redstart::inline v0

/// Decodes any reply, including its attributes.
template <>
struct redstart::resp::decoder<redstart::Value> {
  static void decode(Cursor& cursor, Value& out) { redstart::detail::ValueBuilder::build(cursor, out); }
};

template <>
inline constexpr bool redstart::resp::owns_bytes<redstart::Value> = true;
