// SPDX-License-Identifier: Apache-2.0
// decode_optional.hpp: null replies as empty optionals.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>

#include <redstart/resp/decoder.hpp>

namespace redstart::inline v0::resp {

/// Empty for the nulls of both protocols, else what T makes of the reply.
template <decodable T>
struct decoder<std::optional<T>> {
  static void decode(Cursor& cursor, std::optional<T>& out) {
    if (cursor.null_next()) {
      cursor.take_raw();
      out.reset();
    } else {
      if constexpr (std::same_as<T, std::string>) {
        // The usual case: made from its text at once, instead of assigned to.
        if (std::string_view text; cursor.take_bulk(text)) {
          out.emplace(text);
          return;
        }
      }
      decoder<T>::decode(cursor, out.emplace());
    }
  }
};

}  // namespace redstart::inline v0::resp
