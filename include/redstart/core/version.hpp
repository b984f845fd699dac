// SPDX-License-Identifier: Apache-2.0
// version.hpp: the version of these headers, which the build reads from here.
#pragma once

#include <string_view>

// NOLINTBEGIN(cppcoreguidelines-macro-usage): for use by the preprocessor.
#define REDSTART_VERSION_MAJOR 0
#define REDSTART_VERSION_MINOR 1
#define REDSTART_VERSION_PATCH 0

/// The version as one number for comparisons: 1.2.3 is 10203.
#define REDSTART_VERSION \
  (REDSTART_VERSION_MAJOR * 10000 + REDSTART_VERSION_MINOR * 100 + REDSTART_VERSION_PATCH)

#define REDSTART_DETAIL_TEXT_(x) #x
#define REDSTART_DETAIL_TEXT(x) REDSTART_DETAIL_TEXT_(x)

/// "major.minor.patch" as a string literal.
#define REDSTART_VERSION_STRING                \
  REDSTART_DETAIL_TEXT(REDSTART_VERSION_MAJOR) \
  "." REDSTART_DETAIL_TEXT(REDSTART_VERSION_MINOR) "." REDSTART_DETAIL_TEXT(REDSTART_VERSION_PATCH)
// NOLINTEND(cppcoreguidelines-macro-usage)

namespace redstart::inline v0 {

/// Returns the version of the library that the caller was compiled against, as "major.minor.patch".
[[nodiscard]] constexpr std::string_view version() noexcept { return REDSTART_VERSION_STRING; }

}  // namespace redstart::inline v0
