// SPDX-License-Identifier: Apache-2.0
// io_result.hpp: the result of a send or receive call.
#pragma once

#include <cstddef>

namespace redstart::inline v0::net {

/// The result of a call into the kernel or into TLS: bytes, or an errno value.
struct IoResult {
  std::size_t bytes = 0;  ///< 0 without an error means the end of the stream.
  int error = 0;          ///< 0, EAGAIN if the call would have to wait (longer), or another errno value.
};

}  // namespace redstart::inline v0::net
