// SPDX-License-Identifier: Apache-2.0
// call_site.hpp: where in the user's source something was called.
#pragma once

#include <string>
#include <string_view>

namespace redstart::inline v0 {

/// A place in the source: `checkout.cpp:42`. As a default argument, `CallSite where = CallSite::here()`, it
/// is the caller's.
struct CallSite {
  const char* file = nullptr;  ///< As the compiler names it, with its folders; never freed.
  unsigned line = 0;

  [[nodiscard]] static constexpr CallSite here(const char* file = __builtin_FILE(),
                                               unsigned line = __builtin_LINE()) noexcept {
    return {file, line};
  }
};

/// File without its folders, and line; "an unknown location" if no file is known.
[[nodiscard]] inline std::string to_string(const CallSite& where) {
  if (where.file == nullptr) return "an unknown location";
  const std::string_view path = where.file;
  return std::string(path.substr(path.find_last_of('/') + 1)) + ":" + std::to_string(where.line);
}

}  // namespace redstart::inline v0
