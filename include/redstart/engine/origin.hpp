// SPDX-License-Identifier: Apache-2.0
// origin.hpp: which server of which database replied.
#pragma once

#include <string>

namespace redstart::inline v0::engine {

/// Where a reply came from, for messages.
struct Origin {
  std::string database{};
  std::string endpoint{};
  bool authenticates = false;  ///< Connections pass AUTH before they carry commands.
};

}  // namespace redstart::inline v0::engine
