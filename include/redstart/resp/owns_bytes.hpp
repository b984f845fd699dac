// SPDX-License-Identifier: Apache-2.0
// owns_bytes.hpp: which types can outlive the frame they were decoded from.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>

#include <redstart/core/ok.hpp>
#include <redstart/core/queued.hpp>
#include <redstart/resp/codec.hpp>
#include <redstart/resp/decode_container.hpp>
#include <redstart/resp/string_list.hpp>

namespace redstart::inline v0::resp {

/// Whether a decoded T holds no reference into its frame. False for types that are not known here.
template <class T>
inline constexpr bool owns_bytes =
    std::floating_point<T> || std::integral<T> || std::same_as<T, std::string> || std::same_as<T, Ok> ||
    std::same_as<T, Queued> || std::same_as<T, std::monostate> || codec_decodable<T>;
template <>
inline constexpr bool owns_bytes<StringList> = true;
template <class T>
inline constexpr bool owns_bytes<std::optional<T>> = owns_bytes<T>;
template <class A, class B>
inline constexpr bool owns_bytes<std::pair<A, B>> = owns_bytes<A>&& owns_bytes<B>;
template <class... T>
inline constexpr bool owns_bytes<std::tuple<T...>> = (owns_bytes<T> && ...);
template <class... T>
inline constexpr bool owns_bytes<std::variant<T...>> = (owns_bytes<T> && ...);
template <class T, std::size_t N>
inline constexpr bool owns_bytes<std::array<T, N>> = owns_bytes<T>;
template <class T>
requires(detail::sequence_like<T> ||
         detail::set_like<T>) inline constexpr bool owns_bytes<T> = owns_bytes<typename T::value_type>;
template <detail::map_like T>
inline constexpr bool owns_bytes<T> = owns_bytes<typename T::key_type>&& owns_bytes<typename T::mapped_type>;

}  // namespace redstart::inline v0::resp
