// SPDX-License-Identifier: Apache-2.0
// value_access.hpp: accessors of Value and ValueView.
#pragma once

#include <bit>

#include <redstart/resp/value.hpp>

namespace redstart::inline v0 {

namespace detail {
inline constexpr ValueNode null_node{0, static_cast<std::uint64_t>(resp::Type::null) << 56};
}

inline ValueView::ValueView(const Value& owner, std::uint64_t index) noexcept
    : owner_(&owner), node_(owner.nodes_.empty() ? &detail::null_node : owner.nodes_.data() + index) {
  if (node_->type() != resp::Type::attribute) return;
  attributed_ = node_;
  node_ = owner.nodes_.data() + node_->payload + node_->size() - 1;
}

inline std::int64_t ValueView::as_integer() const {
  if (type() != resp::Type::integer) refuse("an integer");
  return static_cast<std::int64_t>(node_->payload);
}

inline double ValueView::as_double() const {
  if (type() == resp::Type::integer) return static_cast<double>(static_cast<std::int64_t>(node_->payload));
  if (type() != resp::Type::real) refuse("a double");
  return std::bit_cast<double>(node_->payload);
}

inline bool ValueView::as_bool() const {
  if (type() != resp::Type::boolean) refuse("a boolean");
  return node_->payload != 0;
}

inline std::string_view ValueView::as_string() const {
  switch (type()) {
    case resp::Type::simple:
    case resp::Type::error:
    case resp::Type::bulk:
    case resp::Type::bignum:
    case resp::Type::bulk_error:
      return {owner_->text_.data() + node_->payload, static_cast<std::size_t>(node_->size())};
    case resp::Type::verbatim:
      return {owner_->text_.data() + node_->payload + 4, static_cast<std::size_t>(node_->size() - 4)};
    default: refuse("a string");
  }
}

inline std::string_view ValueView::format() const noexcept {
  if (type() != resp::Type::verbatim) return {};
  return {owner_->text_.data() + node_->payload, 3};
}

inline std::size_t ValueView::size() const noexcept {
  const auto values = static_cast<std::size_t>(children());
  return type() == resp::Type::map ? values / 2 : values;
}

inline ValueView ValueView::at(std::size_t index) const {
  if (!is_aggregate() || type() == resp::Type::map || index >= size()) {
    refuse("an aggregate with an element " + std::to_string(index));
  }
  return child(index);
}

inline std::optional<ValueView> ValueView::find(std::string_view key) const {
  if (type() != resp::Type::map) refuse("a map");
  for (std::size_t n = 0; n != size(); ++n) {
    const ValueView at = this->key(n);
    const bool text = resp::detail::has_text(at.type()) && at.type() != resp::Type::integer &&
                      at.type() != resp::Type::real;
    if (text && at.as_string() == key) return value(n);
  }
  return std::nullopt;
}

inline ValueView ValueView::operator[](std::string_view key) const {
  const auto found = find(key);
  if (!found) refuse("a map with the key \"" + resp::escaped(key, 64) + "\"");
  return *found;
}

inline ValueView::iterator ValueView::begin() const noexcept {
  return {*owner_, is_aggregate() ? node_->payload : 0};
}
inline ValueView::iterator ValueView::end() const noexcept {
  return {*owner_, is_aggregate() ? node_->payload + node_->size() : 0};
}

inline std::size_t ValueView::attributes() const noexcept {
  return attributed_ == nullptr ? 0 : static_cast<std::size_t>(attributed_->size() / 2);
}

[[gnu::noinline]] inline void ValueView::refuse(std::string_view expected) const {
  std::string text = "expected ";
  text += expected;
  text += ", got ";
  text += summary();
  throw ValueError(text);
}

inline ValueView Value::view() const noexcept { return {*this, 0}; }
inline Value::operator ValueView() const noexcept { return view(); }
inline resp::Type Value::type() const noexcept { return view().type(); }
inline bool Value::is_null() const noexcept { return view().is_null(); }
inline bool Value::is_error() const noexcept { return view().is_error(); }
inline bool Value::is_aggregate() const noexcept { return view().is_aggregate(); }
inline std::int64_t Value::as_integer() const { return view().as_integer(); }
inline double Value::as_double() const { return view().as_double(); }
inline bool Value::as_bool() const { return view().as_bool(); }
inline std::string_view Value::as_string() const& { return view().as_string(); }
inline std::size_t Value::size() const noexcept { return view().size(); }
template <class Place>
ValueView Value::operator[](const Place& place) const {
  return view()[place];
}
inline std::optional<ValueView> Value::find(std::string_view key) const { return view().find(key); }

}  // namespace redstart::inline v0
