// SPDX-License-Identifier: Apache-2.0
// url.hpp: reads a Redis URL into settings.
#pragma once

#include <redstart/core/error.hpp>
#include <redstart/core/secret.hpp>

#include <string_view>
#include <vector>

namespace redstart::inline v0::detail {

/// One setting of a URL.
struct UrlPart {
  std::string_view key{};  ///< Name in the table of keys.
  Secret text{};
  bool implied = false;  ///< True for the default port of a URL that has a host but no port.
};

/// The settings of a URL; none if there are faults.
struct UrlContent {
  std::vector<UrlPart> parts{};
  std::vector<ConfigFault> faults{};
};

/// Reads a URL as `apply_url` does.
[[nodiscard]] UrlContent read_url(std::string_view url, std::string_view where);

}  // namespace redstart::inline v0::detail
