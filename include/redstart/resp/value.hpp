// SPDX-License-Identifier: Apache-2.0
// value.hpp: an owning reply of any type.
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

/// Thrown by accessors of Value if the value has another type. The message names the actual value.
class ValueError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

namespace detail {

/// One node in the table of a Value. Strings are stored in the text; the values of an aggregate are
/// contiguous.
struct ValueNode {
  std::uint64_t payload;  // an integer, the bits of a double, a boolean, or where its text or values begin
  std::uint64_t size_and_type;

  resp::Type type() const noexcept { return static_cast<resp::Type>(static_cast<char>(size_and_type >> 56)); }
  // bytes of text, or number of values; the last value of an attribute is the value that it annotates
  std::uint64_t size() const noexcept { return size_and_type & ((std::uint64_t{1} << 56) - 1); }

  friend bool operator==(const ValueNode&, const ValueNode&) = default;
};

struct ValueBuilder;

}  // namespace detail

/// A reply of any RESP2 or RESP3 type with its attributes. Owns its bytes.
///
/// Stored flat, as a table and a text, so that reading, copying and destroying never recurse. Memory: 16
/// bytes a value plus the text. Accessors are those of ValueView.
class Value {
 public:
  /// Constructs a null.
  Value() = default;

  /// Reads a whole frame. Errors: ValueError for a double outside the range of `double`.
  /// Precondition: the scanner has accepted the frame.
  static Value from_frame(std::string_view frame);

  /// Lifetimes: the view is valid until this value is modified or destroyed.
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
  /// On a temporary: returns a copy, because the text is destroyed with the temporary.
  std::string as_string() const&& { return std::string(static_cast<const Value&>(*this).as_string()); }
  std::size_t size() const noexcept;
  template <class Place>
  ValueView operator[](const Place& place) const;
  std::optional<ValueView> find(std::string_view key) const;

  /// Values are equal if all types, values and attributes are.
  friend bool operator==(const Value&, const Value&) = default;

 private:
  friend class ValueView;
  friend struct detail::ValueBuilder;

  std::vector<detail::ValueNode> nodes_;  // the first is the root; empty for null
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

  /// The number of elements of an aggregate, or of pairs of a map; 0 for other types.
  std::size_t size() const noexcept;
  bool empty() const noexcept { return size() == 0; }
  /// An element of an array, set or push. Errors: ValueError for other types and for an index out of range.
  template <std::integral Index>
  ValueView operator[](Index index) const {
    return at(static_cast<std::size_t>(index));
  }
  /// The value of a key in a map; keys are compared as text. Errors: ValueError for other types and for a
  /// missing key.
  ValueView operator[](std::string_view key) const;
  /// Like operator[], but empty if the key is missing. Cost: linear, as maps keep their order.
  std::optional<ValueView> find(std::string_view key) const;
  /// The key and the value of a map's n-th pair. Precondition: a map, and n < size().
  ValueView key(std::size_t n) const noexcept { return child(2 * n); }
  ValueView value(std::size_t n) const noexcept { return child(2 * n + 1); }

  /// The elements of an array, set or push, or the keys and values of a map one after the other.
  iterator begin() const noexcept;
  iterator end() const noexcept;

  /// A short description for messages: `the bulk string "abc"`, `an array of 3`, `null`.
  std::string summary() const;

  /// The number of attribute pairs of this value. attribute_key and attribute_value return them.
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
  const detail::ValueNode* attributed_ = nullptr;  // the attribute whose last value is node_
};

/// Iterates over the values of an aggregate.
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

/// Returns a reply in the style of redis-cli: strings quoted and escaped, elements numbered.
std::string to_string(const Value& value);
std::string to_string(ValueView value);

/// Prints the result of `to_string` to std::ostream, or to any stream that prints strings.
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
