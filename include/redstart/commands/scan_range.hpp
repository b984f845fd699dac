// SPDX-License-Identifier: Apache-2.0
// scan_range.hpp: the elements of SCAN, HSCAN, SSCAN and ZSCAN as a range.
#pragma once

#include <redstart/commands/command.hpp>
#include <redstart/commands/scan.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <type_traits>
#include <utility>
#include <vector>

namespace redstart::inline v0 {

namespace detail {

/// True for handles whose functions return the reply itself.
template <class Self>
concept returns_replies = std::same_as<typename executor_traits<Self>::template reply<int>, int>;

/// A handle that a range keeps: a copy, or the address of one that can't be copied.
template <class Handle>
class KeptHandle {
 public:
  explicit KeptHandle(const Handle& handle) : handle_(handle) {}
  [[nodiscard]] const Handle& get() const noexcept { return handle_; }

 private:
  std::conditional_t<std::copy_constructible<Handle>, Handle, const Handle&> handle_;
};

}  // namespace detail

/// The elements that a SCAN command finds, in steps: `begin()` and each increment call the server when the
/// elements of the last step are used up.
///
///     for (const auto& key : db.scan({.match = "user:*"})) std::cout << key << '\n';
///
/// An element that exists from the first step to the last is returned at least once, possibly several times.
/// One that is added or removed between them may be returned or not.
///
/// Thread safety: none. Lifetimes: keeps a copy of the handle; a scoped handle must outlive it. Errors:
/// `begin()` and increments throw as the command does.
template <class Element, class Handle, class Step>
class ScanRange {
 public:
  class iterator {
   public:
    using value_type = Element;
    using difference_type = std::ptrdiff_t;
    using reference = const Element&;
    using pointer = const Element*;
    using iterator_category = std::input_iterator_tag;

    iterator() = default;
    explicit iterator(ScanRange& range) : range_(&range) {}
    [[nodiscard]] reference operator*() const noexcept { return range_->page_.elements[range_->index_]; }
    [[nodiscard]] pointer operator->() const noexcept { return &**this; }
    iterator& operator++() {
      ++range_->index_;
      range_->fill();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& at, std::default_sentinel_t) noexcept { return at.at_end(); }

   private:
    [[nodiscard]] bool at_end() const noexcept { return range_->at_end(); }

    ScanRange* range_ = nullptr;
  };

  ScanRange(const Handle& handle, Step step) : handle_(handle), step_(std::move(step)) {}

  /// Makes the first step. Call it once.
  [[nodiscard]] iterator begin() {
    page_ = step_(handle_.get(), 0);
    index_ = 0;
    fill();
    return iterator(*this);
  }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

 private:
  [[nodiscard]] bool at_end() const noexcept { return index_ == page_.elements.size(); }
  void fill() {
    while (at_end() && !page_.finished()) {
      page_ = step_(handle_.get(), page_.cursor);
      index_ = 0;
    }
  }

  detail::KeptHandle<Handle> handle_;
  Step step_;
  ScanPage<std::vector<Element>> page_{};
  std::size_t index_ = 0;
};

namespace detail {

/// `step` is called with the handle and a cursor, and returns a page.
template <class Element, class Handle, class Step>
[[nodiscard]] ScanRange<Element, Handle, Step> scan_range(const Handle& handle, Step step) {
  return ScanRange<Element, Handle, Step>(handle, std::move(step));
}

}  // namespace detail
}  // namespace redstart::inline v0
