// SPDX-License-Identifier: Apache-2.0
// operation_id.hpp: numbers commands for statistics.
#pragma once

#include <cstdint>
#include <string_view>

namespace redstart::inline v0 {

/// The number of a command in statistics: a hash of its name, which is computed while compiling. Counting a
/// command then needs neither its name nor a search. No two rows have the same number; a test checks that.
enum class OperationId : std::uint16_t {
  other = 0,     ///< `_OTHER`: a command without a row.
  pipeline = 1,  ///< `PIPELINE`: a batch as a whole.
  multi = 2,     ///< `MULTI`: a batch that begins with MULTI.
};

/// The number of the row with that name.
[[nodiscard]] constexpr OperationId operation_id(std::string_view name) noexcept {
  std::uint32_t hash = 2166136261U;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return static_cast<OperationId>((hash ^ (hash >> 16U)) & 0xFFFFU);
}

/// True for batches as a whole.
[[nodiscard]] constexpr bool is_batch(OperationId operation) noexcept {
  return operation == OperationId::pipeline || operation == OperationId::multi;
}

/// The name of a command in statistics, in upper case: that of the row, `PIPELINE`, `MULTI`, or `_OTHER`.
/// Cost: it looks at each row.
[[nodiscard]] std::string_view operation_name(OperationId operation) noexcept;

}  // namespace redstart::inline v0
