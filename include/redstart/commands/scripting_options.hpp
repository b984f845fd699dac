// SPDX-License-Identifier: Apache-2.0
// scripting_options.hpp: arguments and replies of scripts and functions.
#pragma once

#include <redstart/commands/argument.hpp>
#include <redstart/commands/reply_fields.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0 {

/// The treatment of libraries that exist already, for FUNCTION RESTORE.
enum class RestoreFunctions : std::uint8_t {
  append,   ///< Keeps them. An error if a library of the same name is restored.
  replace,  ///< Keeps them, and replaces those of the same name.
  flush,    ///< Deletes them before.
};

/// Options of FUNCTION LIST.
struct FunctionListOptions {
  std::string library{};   ///< LIBRARYNAME: a glob pattern; empty for all.
  bool with_code = false;  ///< WITHCODE

  template <class Put>
  void arguments(Put& put) const {
    if (!library.empty()) put("LIBRARYNAME", library);
    if (with_code) put("WITHCODE");
  }
};

/// A library of functions.
struct FunctionLibrary {
  struct Function {
    std::string name{};
    std::optional<std::string> description{};
    std::vector<std::string> flags{};  ///< `no-writes`, `allow-oom`, `allow-stale` …
  };
  std::string name{};
  std::string engine{};  ///< `LUA`
  std::vector<Function> functions{};
  std::string code{};  ///< Empty unless asked for.
};

namespace detail {

[[nodiscard]] constexpr std::string_view word_of(RestoreFunctions how) noexcept {
  constexpr std::string_view words[] = {"APPEND", "REPLACE", "FLUSH"};
  return words[static_cast<std::uint8_t>(how)];
}

/// The number of keys, then the keys. A script needs none.
template <ManyArguments Range>
class ScriptKeys {
 public:
  constexpr ScriptKeys(const Range& keys) : keys_(keys) {}

  template <class Put>
  void arguments(Put& put) const {
    keys_.arguments(put);
  }

 private:
  Counted<Range> keys_;
};

}  // namespace detail
}  // namespace redstart::inline v0

template <>
struct redstart::resp::decoder<redstart::FunctionLibrary::Function> {
  static void decode(Cursor& cursor, FunctionLibrary::Function& out) {
    redstart::detail::decode_named_fields(cursor, "a function", [&](std::string_view name) {
      if (name == "name") {
        decoder<std::string>::decode(cursor, out.name);
      } else if (name == "description") {
        decoder<std::optional<std::string>>::decode(cursor, out.description);
      } else if (name == "flags") {
        decoder<std::vector<std::string>>::decode(cursor, out.flags);
      } else {
        cursor.skip();
      }
    });
  }
};

template <>
struct redstart::resp::decoder<redstart::FunctionLibrary> {
  static void decode(Cursor& cursor, FunctionLibrary& out) {
    redstart::detail::decode_named_fields(cursor, "a library of functions", [&](std::string_view name) {
      if (name == "library_name") {
        decoder<std::string>::decode(cursor, out.name);
      } else if (name == "engine") {
        decoder<std::string>::decode(cursor, out.engine);
      } else if (name == "functions") {
        decoder<std::vector<FunctionLibrary::Function>>::decode(cursor, out.functions);
      } else if (name == "library_code") {
        decoder<std::string>::decode(cursor, out.code);
      } else {
        cursor.skip();
      }
    });
  }
};
