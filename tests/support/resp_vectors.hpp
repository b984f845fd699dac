// SPDX-License-Identifier: Apache-2.0
// resp_vectors.hpp: reads files of RESP test vectors, and runs bytes through scanner and Value in pieces.
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
  std::string input;   ///< the bytes
  std::string expect;  ///< in the notation of the file
};

/// The rows of tests/data/resp_vectors.tsv and of the files that REDSTART_RESP_VECTORS names.
const std::vector<Vector>& resp_vectors();

/// What became of some bytes.
struct Outcome {
  std::vector<Value> values;
  std::string end;               ///< "": nothing left; "incomplete"; "error:<fault>"
  std::size_t fault_offset = 0;  ///< from the beginning of all bytes

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// Reads a reply into the outcome. False when it has passed the scanner and still is no value, as a double
/// beyond its range; that is the end then.
bool append(std::string_view frame, Outcome& outcome);

/// Feeds `input` to a scanner, cut at `cuts` (ascending), and reads each reply.
Outcome run(resp::Scanner& scanner, std::string_view input, const std::vector<std::size_t>& cuts);
Outcome run(std::string_view input, const std::vector<std::size_t>& cuts = {});

/// Empty when the outcome is what the vector expects, else what is different.
std::string difference(const Vector& vector, const Outcome& outcome);

}  // namespace redstart::test
