// SPDX-License-Identifier: Apache-2.0
// decode_optional.hpp: null replies as empty optionals.
#pragma once

#include <optional>

#include <redstart/resp/decoder.hpp>

namespace redstart::resp {

/// Empty for the nulls of both protocols, else what T makes of the reply.
template <decodable T>
struct decoder<std::optional<T>> {
  static void decode(Cursor& cursor, std::optional<T>& out) {
    if (cursor.null_next()) {
      cursor.take_raw();
      out.reset();
    } else {
      decoder<T>::decode(cursor, out.emplace());
    }
  }
};

}  // namespace redstart::resp
