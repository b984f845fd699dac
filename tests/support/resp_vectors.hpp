// SPDX-License-Identifier: Apache-2.0
// resp_vectors.hpp: reads RESP test vectors and checks them.
#pragma once

#include "resp/scanner.hpp"

#include <redstart/resp/value.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::test {

/// A row of resp_vectors.tsv.
struct Vector {
  std::string name;
  std::string input;   ///< the bytes to scan
  std::string expect;  ///< expected outcome in the notation of the file
};

/// Returns the rows of tests/data/resp_vectors.tsv and of the files named by REDSTART_RESP_VECTORS.
const std::vector<Vector>& resp_vectors();

/// The outcome of scanning and decoding some bytes.
struct Outcome {
  std::vector<Value> values;
  std::string end;               ///< "" if nothing is left, "incomplete", or "error:<fault>"
  std::size_t fault_offset = 0;  ///< from the beginning of all bytes

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// Decodes a reply into the outcome. Returns false and sets the end if the scanner accepted it but it is no
/// value, such as a double out of range.
bool append(std::string_view frame, Outcome& outcome);

/// Feeds `input`, cut at the ascending offsets `cuts`, to a scanner and decodes each reply.
Outcome run(resp::Scanner& scanner, std::string_view input, const std::vector<std::size_t>& cuts);
Outcome run(std::string_view input, const std::vector<std::size_t>& cuts = {});

/// Returns how the outcome differs from the expected one; empty if it doesn't.
std::string difference(const Vector& vector, const Outcome& outcome);

}  // namespace redstart::test
