// SPDX-License-Identifier: Apache-2.0
// decoder.hpp: the trait that reads one value of a reply into a C++ type, and its entry point.
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
/// Specialised for the types of decode.hpp; users specialise redstart::codec instead. When the value doesn't
/// fit, the cursor has failed, and `out` holds something valid but unspecified.
template <class T>
struct decoder;

/// Types that a reply can be read into.
template <class T>
concept decodable = requires(Cursor& cursor, T& out) {
  decoder<T>::decode(cursor, out);
};

/// Reads a whole frame, as the scanner found it, into `out`. False: `issue` tells why, `out` is unspecified.
///
/// Lifetimes: string views in `out` point into `frame`.
/// Precondition: the frame has passed a Scanner.
/// Exception safety: throws only what T's own constructors and assignments throw, such as std::bad_alloc.
template <decodable T>
[[nodiscard]] bool decode_frame(std::string_view frame, T& out, DecodeIssue& issue) {
  Cursor cursor(frame, issue);
  decoder<T>::decode(cursor, out);
  return !cursor.failed();
}

}  // namespace redstart::inline v0::resp
