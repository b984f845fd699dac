// SPDX-License-Identifier: Apache-2.0
// string_list.hpp: a list of strings in one block of memory.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <redstart/resp/decode_container.hpp>
#include <redstart/resp/decode_text.hpp>
#include <redstart/resp/detail/huge_pages.hpp>

namespace redstart::inline v0 {

/// A list of strings or nulls in one arena. A reply of 100,000 strings costs a handful of allocations.
///
/// Elements are returned as string views. A null element is returned as an empty string; is_null() identifies
/// it.
///
/// Lifetimes: views and iterators are valid until the list is modified or destroyed.
/// Complexity: access by index is constant, appending is amortised constant.
class StringList {
 public:
  using value_type = std::string_view;
  using size_type = std::size_t;
  class const_iterator;
  using iterator = const_iterator;

  StringList() noexcept = default;
  StringList(std::initializer_list<std::string_view> texts) {
    for (const std::string_view text : texts) push_back(text);
  }
  StringList(StringList&& other) noexcept { swap(other); }
  StringList& operator=(StringList&& other) noexcept {
    StringList moved(std::move(other));
    swap(moved);
    return *this;
  }
  StringList(const StringList& other) : ends_(other.ends_) {
    if (other.used_ == 0) return;
    reserve_bytes(other.used_);
    std::memcpy(arena_.get(), other.arena_.get(), other.used_);
    used_ = other.used_;
  }
  StringList& operator=(const StringList& other) {
    StringList copy(other);
    swap(copy);
    return *this;
  }
  ~StringList() = default;

  std::size_t size() const noexcept { return ends_.size(); }
  bool empty() const noexcept { return ends_.empty(); }
  /// Total bytes of all strings.
  std::size_t bytes() const noexcept { return used_; }

  /// Precondition: index < size().
  std::string_view operator[](std::size_t index) const noexcept {
    const std::size_t begin = index == 0 ? 0 : end_of(index - 1);
    return {arena_.get() + begin, end_of(index) - begin};
  }
  /// Precondition: index < size().
  bool is_null(std::size_t index) const noexcept { return (ends_[index] & null_mark) != 0; }
  /// Precondition: not empty().
  std::string_view front() const noexcept { return (*this)[0]; }
  /// Precondition: not empty().
  std::string_view back() const noexcept { return (*this)[size() - 1]; }

  const_iterator begin() const noexcept;
  const_iterator end() const noexcept;

  void push_back(std::string_view text) {
    if (arena_size_ - used_ < text.size()) [[unlikely]]
      grow(text.size());
    ends_.push_back(used_ + text.size());
    if (!text.empty()) std::memcpy(arena_.get() + used_, text.data(), text.size());
    used_ += text.size();
  }
  void push_back_null() { ends_.push_back(used_ | null_mark); }

  /// Reserves room for `count` strings of `bytes` bytes in total.
  void reserve(std::size_t count, std::size_t bytes) {
    ends_.reserve(count);
    reserve_bytes(bytes);
  }
  /// How many strings fit without an allocation.
  std::size_t capacity() const noexcept { return ends_.capacity(); }
  /// How many bytes of text fit without an allocation.
  std::size_t bytes_capacity() const noexcept { return arena_size_; }
  void clear() noexcept {
    ends_.clear();
    used_ = 0;
  }
  void swap(StringList& other) noexcept {
    std::swap(ends_, other.ends_);
    std::swap(arena_, other.arena_);
    std::swap(used_, other.used_);
    std::swap(arena_size_, other.arena_size_);
  }

  /// Lists are equal if all elements are. A null equals only a null.
  friend bool operator==(const StringList& a, const StringList& b) noexcept {
    return a.ends_ == b.ends_ && (a.used_ == 0 || std::memcmp(a.arena_.get(), b.arena_.get(), a.used_) == 0);
  }

 private:
  static constexpr std::uint64_t null_mark = std::uint64_t{1} << 63;

  std::size_t end_of(std::size_t index) const noexcept {
    return static_cast<std::size_t>(ends_[index] & ~null_mark);
  }
  [[gnu::noinline]] void grow(std::size_t more) {
    constexpr std::size_t least = 256;
    const std::size_t doubled = arena_size_ < least / 2 ? least : arena_size_ * 2;
    reserve_bytes(doubled < used_ + more ? used_ + more : doubled);
  }
  void reserve_bytes(std::size_t size) {
    if (size <= arena_size_) return;
    std::unique_ptr<char[]> arena(new char[size]);
    if (size >= resp::detail::huge_pages_from) resp::detail::advise_huge_pages(arena.get(), size);
    if (used_ != 0) std::memcpy(arena.get(), arena_.get(), used_);
    arena_ = std::move(arena);
    arena_size_ = size;
  }

  std::vector<std::uint64_t> ends_;  // where each string ends in the arena; the top bit marks a null
  std::unique_ptr<char[]> arena_;
  std::size_t used_ = 0;
  std::size_t arena_size_ = 0;
};

/// A read-only random access iterator.
class StringList::const_iterator {
 public:
  using iterator_category = std::random_access_iterator_tag;
  using value_type = std::string_view;
  using difference_type = std::ptrdiff_t;
  using pointer = const std::string_view*;
  using reference = std::string_view;

  const_iterator() noexcept = default;
  std::string_view operator*() const noexcept { return (*list_)[index_]; }
  std::string_view operator[](std::ptrdiff_t n) const noexcept { return *(*this + n); }
  const_iterator& operator+=(std::ptrdiff_t n) noexcept {
    index_ += static_cast<std::size_t>(n);
    return *this;
  }
  const_iterator& operator-=(std::ptrdiff_t n) noexcept { return *this += -n; }
  const_iterator& operator++() noexcept { return *this += 1; }
  const_iterator& operator--() noexcept { return *this += -1; }
  const_iterator operator++(int) noexcept {
    const const_iterator before = *this;
    ++*this;
    return before;
  }
  const_iterator operator--(int) noexcept {
    const const_iterator before = *this;
    --*this;
    return before;
  }
  friend const_iterator operator+(const_iterator at, std::ptrdiff_t n) noexcept { return at += n; }
  friend const_iterator operator+(std::ptrdiff_t n, const_iterator at) noexcept { return at += n; }
  friend const_iterator operator-(const_iterator at, std::ptrdiff_t n) noexcept { return at -= n; }
  friend std::ptrdiff_t operator-(const_iterator a, const_iterator b) noexcept {
    return static_cast<std::ptrdiff_t>(a.index_) - static_cast<std::ptrdiff_t>(b.index_);
  }
  friend bool operator==(const_iterator a, const_iterator b) noexcept { return a.index_ == b.index_; }
  friend auto operator<=>(const_iterator a, const_iterator b) noexcept { return a.index_ <=> b.index_; }

 private:
  friend class StringList;
  const_iterator(const StringList& list, std::size_t index) noexcept : list_(&list), index_(index) {}

  const StringList* list_ = nullptr;
  std::size_t index_ = 0;
};

inline StringList::const_iterator StringList::begin() const noexcept { return {*this, 0}; }
inline StringList::const_iterator StringList::end() const noexcept { return {*this, size()}; }

}  // namespace redstart::inline v0

namespace redstart::inline v0::resp {

namespace detail {

/// Appends the next value of a reply to a list. Returns false if it is neither text nor null.
inline bool append_to(StringList& list, Cursor& cursor) {
  std::string_view text;
  if (cursor.take_bulk(text)) {
    list.push_back(text);
    return true;
  }
  if (cursor.null_next()) {
    cursor.take_raw();
    list.push_back_null();
    return true;
  }
  std::string joined;
  if (!take_text(cursor, text, &joined)) return false;
  list.push_back(text);
  return true;
}

}  // namespace detail

/// Decodes aggregates of strings and nulls, and maps as alternating keys and values.
template <>
struct decoder<StringList> {
  static void decode(Cursor& cursor, StringList& out) {
    Aggregate aggregate;
    out.clear();
    if (!cursor.open(aggregate, "an array")) return;
    // each string has at least three bytes of framing
    const std::size_t size = cursor.rest().size();
    const auto count = static_cast<std::size_t>(aggregate.left < size / 3 ? aggregate.left : size / 3);
    out.reserve(count, size - 3 * count);
    while (cursor.more(aggregate)) {
      if (!detail::append_to(out, cursor)) return cursor.within(out.size());
    }
  }
};

}  // namespace redstart::inline v0::resp
