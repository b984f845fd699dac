// SPDX-License-Identifier: Apache-2.0
// limit.hpp: offset and count of a part of a result.
#pragma once

#include <cstdint>

namespace redstart::inline v0 {

/// LIMIT: skips the first `offset` elements and returns up to `count`; a negative count means all.
struct Limit {
  std::int64_t offset = 0;
  std::int64_t count = -1;

  template <class Put>
  void arguments(Put& put) const {
    put("LIMIT", offset, count);
  }
};

}  // namespace redstart::inline v0
