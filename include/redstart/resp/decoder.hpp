// SPDX-License-Identifier: Apache-2.0
// decoder.hpp: the trait and entry point for decoding values into types.
#pragma once

#include <string>
#include <string_view>

#include <redstart/resp/cursor.hpp>
#include <redstart/resp/decode_issue.hpp>

namespace redstart::inline v0::resp {

/// Reads one value of a reply into a T:
///
///     static void decode(Cursor& cursor, T& out);
///
/// Specialised for the types of decode.hpp; users specialise redstart::codec instead. If the value doesn't
/// fit, `decode` fails the cursor and leaves `out` valid but unspecified.
template <class T>
struct decoder;

/// Types that a reply can be decoded into.
template <class T>
concept decodable = requires(Cursor& cursor, T& out) {
  decoder<T>::decode(cursor, out);
};

/// Decodes a whole frame into `out`. On failure returns false, sets `issue` and leaves `out` unspecified.
///
/// Lifetimes: string views in `out` point into `frame`.
/// Precondition: the scanner has accepted the frame.
/// Exception safety: throws only what constructors and assignments of T throw, such as std::bad_alloc.
template <decodable T>
[[nodiscard]] bool decode_frame(std::string_view frame, T& out, DecodeIssue& issue) {
  Cursor cursor(frame, issue);
  decoder<T>::decode(cursor, out);
  return !cursor.failed();
}

}  // namespace redstart::inline v0::resp
