// SPDX-License-Identifier: Apache-2.0
// uses_codec.hpp: which types run user code or hold views when decoded.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>

#include <redstart/core/ok.hpp>
#include <redstart/core/queued.hpp>
#include <redstart/resp/codec.hpp>
#include <redstart/resp/decode_container.hpp>
#include <redstart/resp/string_list.hpp>

namespace redstart::inline v0 {

class Value;

namespace resp {

namespace detail {

/// The types that make up a T.
template <class... T>
struct Parts {
  static constexpr bool none = sizeof...(T) == 0;
};
template <class T>
struct parts_of {
  using type = Parts<>;
};
template <class T>
struct parts_of<std::optional<T>> {
  using type = Parts<T>;
};
template <class A, class B>
struct parts_of<std::pair<A, B>> {
  using type = Parts<A, B>;
};
template <class... T>
struct parts_of<std::tuple<T...>> {
  using type = Parts<T...>;
};
template <class... T>
struct parts_of<std::variant<T...>> {
  using type = Parts<T...>;
};
template <class T, std::size_t N>
struct parts_of<std::array<T, N>> {
  using type = Parts<T>;
};
template <class T>
requires(sequence_like<T> || set_like<T>) struct parts_of<T> {
  using type = Parts<typename T::value_type>;
};
template <map_like T>
struct parts_of<T> {
  using type = Parts<typename T::key_type, typename T::mapped_type>;
};

template <class T>
inline constexpr bool is_own_leaf =
    std::integral<T> || std::floating_point<T> || std::same_as<T, std::string> ||
    std::same_as<T, std::string_view> || std::same_as<T, Ok> || std::same_as<T, Queued> ||
    std::same_as<T, std::monostate> || std::same_as<T, StringList> || std::same_as<T, Value>;

template <class T>
constexpr bool runs_codec() noexcept;
template <class... T>
constexpr bool any_runs_codec(Parts<T...>) noexcept {
  return (runs_codec<T>() || ...);
}
template <class T>
constexpr bool runs_codec() noexcept {
  using Inner = typename parts_of<T>::type;
  if constexpr (codec_decodable<T>) {
    return true;
  } else if constexpr (Inner::none) {
    return !is_own_leaf<T>;
  } else {
    return any_runs_codec(Inner{});
  }
}

/// The arguments of a class template that is not known here, such as the element type of a page.
template <class T>
struct arguments_of {
  using type = Parts<>;
};
template <template <class...> class Template, class... T>
struct arguments_of<Template<T...>> {
  using type = Parts<T...>;
};

template <class T>
constexpr bool has_view() noexcept;
template <class... T>
constexpr bool any_has_view(Parts<T...>) noexcept {
  return (has_view<T>() || ...);
}
template <class T>
constexpr bool has_view() noexcept {
  if constexpr (codec_decodable<T>) {
    return false;
  } else {
    return std::same_as<T, std::string_view> || any_has_view(typename parts_of<T>::type{}) ||
           any_has_view(typename arguments_of<T>::type{});
  }
}

}  // namespace detail

/// Whether decoding a T may run a codec<…> of the user, at any depth. True for types that are not known here.
template <class T>
inline constexpr bool uses_codec = detail::runs_codec<T>();

/// Whether a decoded T holds a std::string_view, which points into its frame.
template <class T>
inline constexpr bool holds_view = detail::has_view<T>();

}  // namespace resp
}  // namespace redstart::inline v0
