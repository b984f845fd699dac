// SPDX-License-Identifier: Apache-2.0
// codec.hpp: customisation point for storing user types.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace redstart::inline v0 {

/// Specialise this for one of your types to store it in Redis strings:
///
///     template <> struct redstart::codec<User> {
///       static User decode(std::string_view bytes);   // if it throws, the command fails with decode_error
///       static std::string encode(const User& user);
///     };
///
/// Thread safety: both functions may be called on any thread, also concurrently.
template <class T>
struct codec;

/// Types that codec<T> can decode.
template <class T>
concept codec_decodable = requires(std::string_view bytes) {
  { codec<T>::decode(bytes) } -> std::convertible_to<T>;
};

/// Types that codec<T> can encode.
template <class T>
concept codec_encodable = requires(const T& value) {
  { codec<T>::encode(value) } -> std::convertible_to<std::string>;
};

}  // namespace redstart::inline v0
