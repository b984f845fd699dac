// SPDX-License-Identifier: Apache-2.0
// ok.hpp: the reply of commands that only return OK.
#pragma once

namespace redstart::inline v0 {

/// The reply `OK`. Commands that can also reply null return `bool` instead.
struct Ok {
  friend constexpr bool operator==(Ok, Ok) noexcept = default;
};

}  // namespace redstart::inline v0
