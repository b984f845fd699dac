// SPDX-License-Identifier: Apache-2.0
// reply_fields.hpp: replies whose elements are the fields of a struct.
#pragma once

#include <redstart/resp/decode.hpp>

#include <cstddef>
#include <string_view>
#include <type_traits>

namespace redstart::inline v0::detail {

/// Reads an array element by element into `fields`. Skips further elements, which later servers may add.
template <class... Fields>
void decode_fields(resp::Cursor& cursor, const char* expected, Fields&... fields) {
  resp::Aggregate array;
  if (!cursor.open(array, expected)) return;
  std::size_t index = 0;
  const auto read = [&](auto& field) {
    if (cursor.failed()) return;
    if (!cursor.more(array)) {
      cursor.fail_at_end(expected, array.type);
      return;
    }
    resp::decoder<std::remove_reference_t<decltype(field)>>::decode(cursor, field);
    if (cursor.failed()) return cursor.within(index);
    ++index;
  };
  (read(fields), ...);
  while (!cursor.failed() && cursor.more(array)) cursor.skip();
}

/// Reads a map (or a flat array) and calls `read(name)`, which reads or skips the value.
template <class Read>
void decode_named_fields(resp::Cursor& cursor, const char* expected, Read read) {
  resp::Aggregate map;
  if (!cursor.open(map, expected)) return;
  while (cursor.more(map)) {
    std::string_view name;
    resp::decoder<std::string_view>::decode(cursor, name);
    if (cursor.failed()) return;
    if (!cursor.more(map)) {
      cursor.fail_at_end("a value for each name", map.type);
      return;
    }
    read(name);
    if (cursor.failed()) return;
  }
}

}  // namespace redstart::inline v0::detail
