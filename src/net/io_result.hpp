// SPDX-License-Identifier: Apache-2.0
// io_result.hpp: what moving bytes gave.
#pragma once

#include <cstddef>

namespace redstart::inline v0::net {

/// What a call into the kernel, or into TLS, gave: bytes, or an errno value.
struct IoResult {
  std::size_t bytes = 0;  ///< 0 without an error: the end of the stream.
  int error = 0;          ///< 0, or EAGAIN when the time ran out, or another errno value.
};

}  // namespace redstart::inline v0::net
