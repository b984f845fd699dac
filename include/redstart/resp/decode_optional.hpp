// SPDX-License-Identifier: Apache-2.0
// decode_optional.hpp: decodes null replies as empty optionals.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>

#include <redstart/resp/decoder.hpp>
#include <redstart/resp/detail/huge_pages.hpp>

namespace redstart::inline v0::resp {

/// Decodes the nulls of both protocols as an empty optional, and everything else as T.
template <decodable T>
struct decoder<std::optional<T>> {
  static void decode(Cursor& cursor, std::optional<T>& out) {
    if (cursor.null_next()) {
      cursor.take_raw();
      out.reset();
    } else {
      if constexpr (std::same_as<T, std::string>) {
        // The common case: construct from the text instead of assigning to an empty value.
        if (std::string_view text; cursor.take_bulk(text)) {
          if (text.size() >= detail::huge_pages_from) [[unlikely]]
            return detail::assign_large(out.emplace(), text);
          out.emplace(text);
          return;
        }
      }
      decoder<T>::decode(cursor, out.emplace());
    }
  }
};

}  // namespace redstart::inline v0::resp
