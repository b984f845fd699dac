// SPDX-License-Identifier: Apache-2.0
// value.hpp: an owned reply of any shape.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <redstart/resp/decode_text.hpp>
#include <redstart/resp/decoder.hpp>
#include <redstart/resp/owns_bytes.hpp>
#include <redstart/resp/type.hpp>

namespace redstart::inline v0 {

class ValueView;

/// Thrown by Value's accessors when the value isn't what was asked for; says what it is.
class ValueError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

namespace detail {

/// One value in the table of a Value. Strings lie in the text; the values of an aggregate lie side by side.
struct ValueNode {
  std::uint64_t payload;  // an integer, a double's bits, a boolean, or where text or values begin
  std::uint64_t size_and_type;

  resp::Type type() const noexcept { return static_cast<resp::Type>(static_cast<char>(size_and_type >> 56)); }
  // bytes of text, or values: an attribute's last one is the value that it is on
  std::uint64_t size() const noexcept { return size_and_type & ((std::uint64_t{1} << 56) - 1); }

  friend bool operator==(const ValueNode&, const ValueNode&) = default;
};

struct ValueBuilder;

}  // namespace detail

/// A reply of any type, RESP2 or RESP3, that owns its bytes; attributes included.
///
/// Kept flat, as a table and a text: reading, copying and destroying never recurse, however deep the reply
/// is. Memory: 16 bytes a value and the text. Accessors are those of ValueView.
class Value {
 public:
  /// Null.
  Value() = default;

  /// The value of a whole frame that passed a Scanner. Errors: ValueError for a double beyond the range of
  /// `double`.
  static Value from_frame(std::string_view frame);

  /// Lifetimes: the view lives as long as this value is neither changed nor destroyed.
  ValueView view() const noexcept;
  operator ValueView() const noexcept;  // NOLINT(google-explicit-constructor): a value is its view

  resp::Type type() const noexcept;
  bool is_null() const noexcept;
  bool is_error() const noexcept;
  bool is_aggregate() const noexcept;
  std::int64_t as_integer() const;
  double as_double() const;
  bool as_bool() const;
  std::string_view as_string() const&;
  /// Of a temporary: a copy, because its text is gone with it.
  std::string as_string() const&& { return std::string(static_cast<const Value&>(*this).as_string()); }
  std::size_t size() const noexcept;
  template <class Place>
  ValueView operator[](const Place& place) const;
  std::optional<ValueView> find(std::string_view key) const;

  /// Equal when all types, values and attributes are.
  friend bool operator==(const Value&, const Value&) = default;

 private:
  friend class ValueView;
  friend struct detail::ValueBuilder;

  std::vector<detail::ValueNode> nodes_;  // the first is the root; none: null
  std::string text_;
};

/// A value inside a Value. Cheap to copy.
///
/// Lifetimes: refers to the Value it came from.
class ValueView {
 public:
  class iterator;

  resp::Type type() const noexcept { return node_->type(); }
  bool is_null() const noexcept { return type() == resp::Type::null; }
  bool is_error() const noexcept { return resp::is_error(type()); }
  bool is_aggregate() const noexcept { return resp::is_aggregate(type()); }

  /// The integer. Errors: ValueError unless the type is integer.
  std::int64_t as_integer() const;
  /// The double, or the integer as one. Errors: ValueError for other types.
  double as_double() const;
  /// The boolean. Errors: ValueError for other types.
  bool as_bool() const;
  /// The text of a string, error, verbatim string or big number. Errors: ValueError for other types.
  std::string_view as_string() const;
  /// A verbatim string's format, such as "txt"; empty for other types.
  std::string_view format() const noexcept;

  /// How many elements an aggregate has, or pairs a map; 0 for all else.
  std::size_t size() const noexcept;
  bool empty() const noexcept { return size() == 0; }
  /// An element of an array, set or push. Errors: ValueError when there is none, or the type is another.
  template <std::integral Index>
  ValueView operator[](Index index) const {
    return at(static_cast<std::size_t>(index));
  }
  /// What stands under a key of a map; the keys compare as text. Errors: ValueError when there is none.
  ValueView operator[](std::string_view key) const;
  /// As operator[], empty when there is none. Cost: linear, as maps keep their order.
  std::optional<ValueView> find(std::string_view key) const;
  /// The key and the value of a map's n-th pair. Precondition: a map, and n < size().
  ValueView key(std::size_t n) const noexcept { return child(2 * n); }
  ValueView value(std::size_t n) const noexcept { return child(2 * n + 1); }

  /// The elements of an array, set or push, or the keys and values of a map one after the other.
  iterator begin() const noexcept;
  iterator end() const noexcept;

  /// A few words for messages: `the bulk string "abc"`, `an array of 3`, `null`.
  std::string summary() const;

  /// How many attribute pairs stand before this value; attribute_key and attribute_value give them.
  std::size_t attributes() const noexcept;
  ValueView attribute_key(std::size_t n) const noexcept { return {*owner_, attributed_->payload + 2 * n}; }
  ValueView attribute_value(std::size_t n) const noexcept {
    return {*owner_, attributed_->payload + 2 * n + 1};
  }

 private:
  friend class Value;
  ValueView(const Value& owner, std::uint64_t index) noexcept;
  ValueView child(std::uint64_t n) const noexcept { return {*owner_, node_->payload + n}; }
  std::uint64_t children() const noexcept { return is_aggregate() ? node_->size() : 0; }
  ValueView at(std::size_t index) const;
  [[noreturn]] void refuse(std::string_view expected) const;

  const Value* owner_;
  const detail::ValueNode* node_;
  const detail::ValueNode* attributed_ = nullptr;  // the attribute that node_ is the last value of
};

/// Goes over the values of an aggregate.
class ValueView::iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = ValueView;
  using difference_type = std::ptrdiff_t;
  using pointer = void;
  using reference = ValueView;

  ValueView operator*() const noexcept { return ValueView(*owner_, index_); }
  iterator& operator++() noexcept {
    ++index_;
    return *this;
  }
  iterator operator++(int) noexcept {
    const iterator before = *this;
    ++index_;
    return before;
  }
  friend bool operator==(const iterator& a, const iterator& b) noexcept { return a.index_ == b.index_; }

 private:
  friend class ValueView;
  iterator(const Value& owner, std::uint64_t index) noexcept : owner_(&owner), index_(index) {}
  const Value* owner_;
  std::uint64_t index_;
};

/// A reply as people read it, in the manner of redis-cli: strings quoted and escaped, aggregates numbered.
std::string to_string(const Value& value);
std::string to_string(ValueView value);

/// Prints what `to_string` returns, on std::ostream and everything that prints strings.
template <class Stream>
requires requires(Stream& out, const std::string& text) { out << text; }
Stream& operator<<(Stream& out, const Value& value) {
  out << to_string(value);
  return out;
}
template <class Stream>
requires requires(Stream& out, const std::string& text) { out << text; }
Stream& operator<<(Stream& out, const ValueView& value) {
  out << to_string(value);
  return out;
}

}  // namespace redstart::inline v0

#include <redstart/resp/detail/value_access.hpp>
#include <redstart/resp/detail/value_build.hpp>
#include <redstart/resp/detail/value_print.hpp>
