// SPDX-License-Identifier: Apache-2.0
// dataset.hpp: keys and values of the benchmarks, equal for every client.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::bench {

/// 1024 keys of 16 bytes.
extern const std::vector<std::string> keys;
/// The 32-byte value of each of them.
extern const std::string short_value;
/// Key number `i`, modulo the number of keys.
[[nodiscard]] inline const std::string& key(std::size_t i) { return keys[i & 1023]; }

/// A list of 100,000 elements, each `short_value`.
inline constexpr std::string_view list_key = "biglist";
inline constexpr std::size_t list_size = 100'000;

/// The key of a value of `size` bytes.
[[nodiscard]] std::string large_key(std::size_t size);

/// Loads all of it into the server at that Unix socket, with one value for each of `large_sizes`.
void preload(const std::string& socket_path, const std::vector<std::size_t>& large_sizes);

}  // namespace redstart::bench
