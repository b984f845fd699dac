// SPDX-License-Identifier: Apache-2.0
// argument.hpp: how C++ values become arguments of a command.
#pragma once

#include <redstart/resp/codec.hpp>
#include <redstart/resp/writer.hpp>

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace redstart::inline v0 {

/// Customisation point: `count(value)` returns how many arguments a value becomes, and `write(writer, value)`
/// writes them.
///
/// Option structs need no specialisation: a member `template <class Put> void arguments(Put& put) const`
/// passes each argument to `put(…)` in order, so that counting and writing can't differ.
template <class T>
struct argument;

namespace detail {

struct CountArguments {
  std::size_t total = 0;
  template <class... A>
  constexpr void operator()(const A&... values) {
    ((total += argument<A>::count(values)), ...);
  }
  template <class... A>
  constexpr void temporary(const A&... values) {
    (*this)(values...);
  }
};
struct WriteArguments {
  resp::Writer& writer;
  template <class... A>
  void operator()(const A&... values) {
    (argument<A>::write(writer, values), ...);
  }
  /// Copies the values, because a writer with externals would refer to large texts.
  template <class... A>
  void temporary(const A&... values) {
    resp::Writer copying(writer.buffer());
    (argument<A>::write(copying, values), ...);
  }
};

template <class T>
concept text_like = std::convertible_to<const T&, std::string_view>;
template <class T>
concept number_like = (std::integral<T> || std::floating_point<T>)&&!std::same_as<T, bool> &&
                      !std::same_as<T, char>;
template <class T>
concept option_like = requires(const T& value, CountArguments& put) {
  value.arguments(put);
};
template <class T>
concept coded = requires(const T& value) {
  { codec<T>::encode(value) } -> std::convertible_to<std::string>;
};
template <class T>
concept const_range = requires(const T& values) {
  values.begin();
  values.end();
};
/// A view that iteration changes, such as that of std::views::filter. Cheap to copy.
template <class T>
concept changing_view =
    !const_range<T> && std::copy_constructible<T> && std::ranges::enable_view<T> && requires(T & values) {
  { values.begin() } -> std::forward_iterator;
  values.end();
};
template <class T>
concept range_like = !text_like<T> && !option_like<T> && (const_range<T> || changing_view<T>);

/// Writes a temporary: always copied, because a writer with externals would refer to large texts.
inline void write_copy(resp::Writer& writer, std::string_view text) {
  resp::Writer(writer.buffer()).bulk(text);
}

using Texts = std::initializer_list<std::string_view>;
using TextPairs = std::initializer_list<std::pair<std::string_view, std::string_view>>;

}  // namespace detail

/// True for types that convert to a string view: keys, fields, members.
template <class T>
concept StringLike = detail::text_like<T>;

/// True for types that become one argument: text, numbers other than bool and char, types with a `codec`.
template <class T>
concept Scalar = detail::text_like<T> || detail::number_like<T> || detail::coded<T>;

/// True for containers, whose elements become one argument each (two if they are pairs), and for braced
/// lists.
template <class T>
concept ManyArguments = detail::range_like<T>;

/// A scalar, for functions with an overload for containers.
template <class T>
concept SingleArgument = Scalar<T> && !ManyArguments<T>;

template <detail::text_like T>
struct argument<T> {
  static constexpr std::size_t count(const T&) noexcept { return 1; }
  static void write(resp::Writer& writer, const T& value) { writer.bulk(std::string_view(value)); }
};

template <detail::number_like T>
struct argument<T> {
  static constexpr std::size_t count(T) noexcept { return 1; }
  static void write(resp::Writer& writer, T value) { writer.bulk(value); }
};

template <detail::option_like T>
struct argument<T> {
  static constexpr std::size_t count(const T& value) {
    detail::CountArguments put;
    value.arguments(put);
    return put.total;
  }
  static void write(resp::Writer& writer, const T& value) {
    detail::WriteArguments put{writer};
    value.arguments(put);
  }
};

template <class T>
requires(detail::coded<T> && !detail::text_like<T> && !detail::number_like<T> &&
         !detail::option_like<T>) struct argument<T> {
  static constexpr std::size_t count(const T&) noexcept { return 1; }
  static void write(resp::Writer& writer, const T& value) {
    detail::write_copy(writer, codec<T>::encode(value));
  }
};

template <class... T>
struct argument<std::tuple<T...>> {
  static constexpr std::size_t count(const std::tuple<T...>& values) {
    return std::apply(
        [](const auto&... value) {
          return (std::size_t{0} + ... + argument<std::remove_cvref_t<decltype(value)>>::count(value));
        },
        values);
  }
  static void write(resp::Writer& writer, const std::tuple<T...>& values) {
    std::apply(
        [&writer](const auto&... value) {
          (argument<std::remove_cvref_t<decltype(value)>>::write(writer, value), ...);
        },
        values);
  }
};

template <class A, class B>
struct argument<std::pair<A, B>> {
  using First = std::remove_cvref_t<A>;
  using Second = std::remove_cvref_t<B>;
  static constexpr std::size_t count(const std::pair<A, B>& value) {
    return argument<First>::count(value.first) + argument<Second>::count(value.second);
  }
  static void write(resp::Writer& writer, const std::pair<A, B>& value) {
    argument<First>::write(writer, value.first);
    argument<Second>::write(writer, value.second);
  }
};

template <class T>
struct argument<std::optional<T>> {
  static constexpr std::size_t count(const std::optional<T>& value) {
    return value ? argument<T>::count(*value) : 0;
  }
  static void write(resp::Writer& writer, const std::optional<T>& value) {
    if (value) argument<T>::write(writer, *value);
  }
};

namespace detail {

/// Refers to a container that is an argument. Keeps a copy of a view that iteration changes.
template <class Range>
class Elements {
 public:
  constexpr Elements(const Range& values) noexcept : values_(values) {}
  [[nodiscard]] constexpr const Range& get() const noexcept { return values_; }

 private:
  const Range& values_;
};
template <changing_view Range>
class Elements<Range> {
 public:
  constexpr Elements(const Range& values) : values_(values) {}
  [[nodiscard]] constexpr Range& get() const noexcept { return values_; }

 private:
  mutable Range values_;
};

/// The elements of a container as arguments, even where the container itself has a codec.
template <ManyArguments Range>
class EachElement {
 public:
  constexpr EachElement(const Range& values) : values_(values) {}

  template <class Put>
  void arguments(Put& put) const {
    auto& values = values_.get();
    for (auto at = values.begin(); at != values.end(); ++at) {
      if constexpr (std::is_reference_v<decltype(*at)>) {
        put(static_cast<const Element&>(*at));
      } else {
        put.temporary(static_cast<const Element&>(*at));
      }
    }
  }
  [[nodiscard]] bool is_empty() const {
    auto& values = values_.get();
    return values.begin() == values.end();
  }

 private:
  using Element = std::remove_cvref_t<decltype(*std::declval<const Elements<Range>&>().get().begin())>;
  Elements<Range> values_;
};

/// The number of elements of a container, then the elements: `numkeys key [key …]`.
template <ManyArguments Range>
class Counted {
 public:
  constexpr Counted(const Range& values) : values_(values) {}

  template <class Put>
  void arguments(Put& put) const {
    std::size_t total = 0;
    auto& values = values_.get();
    for (auto at = values.begin(); at != values.end(); ++at) ++total;
    put(total, EachElement<Range>(values));
  }
  [[nodiscard]] bool is_empty() const {
    auto& values = values_.get();
    return values.begin() == values.end();
  }

 private:
  Elements<Range> values_;
};

/// The elements between two iterators.
template <class Iterator>
class IteratorRange {
 public:
  constexpr IteratorRange(Iterator first, Iterator last) : first_(std::move(first)), last_(std::move(last)) {}
  [[nodiscard]] constexpr Iterator begin() const { return first_; }
  [[nodiscard]] constexpr Iterator end() const { return last_; }

 private:
  Iterator first_;
  Iterator last_;
};

/// Iterators that are no text: `const char*` is one.
template <class T>
concept argument_iterator = !Scalar<T> && std::forward_iterator<T>;

template <class T>
concept pair_like = requires {
  typename T::first_type;
  typename T::second_type;
};

/// One word, or no argument if it is empty.
struct Keyword {
  std::string_view word{};

  template <class Put>
  void arguments(Put& put) const {
    if (!word.empty()) put(word);
  }
};

}  // namespace detail

template <detail::range_like T>
requires(!detail::coded<T>) struct argument<T> : argument<detail::EachElement<T>> {
  static constexpr std::size_t count(const T& values) {
    return argument<detail::EachElement<T>>::count(values);
  }
  static void write(resp::Writer& writer, const T& values) {
    argument<detail::EachElement<T>>::write(writer, values);
  }
};

/// True for types that can be an argument of a command.
template <class T>
concept Argument = requires(const T& value, resp::Writer& writer) {
  { argument<T>::count(value) } -> std::convertible_to<std::size_t>;
  argument<T>::write(writer, value);
};

}  // namespace redstart::inline v0
