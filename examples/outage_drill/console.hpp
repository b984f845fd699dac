// SPDX-License-Identifier: Apache-2.0
// console.hpp: prints the drill: a line per second, and the proof.
#pragma once

#include "timeline.hpp"
#include "traffic.hpp"

#include <redstart/observe/stats.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace drill {

/// Prints one line about the second that has just passed.
void print_heading();
void print_second(long second, const std::string& phase, const Slice& sum);

/// The data that the server has in the end, in the order of the books.
using Stored = std::vector<std::uint64_t>;

/// Prints each property and whether it is true. Returns true if all are.
[[nodiscard]] bool print_proof(const std::vector<std::unique_ptr<Book>>& books, const Stored& stored,
                               const Slice& all, const redstart::DatabaseStats& stats);
/// Prints how long each outage was and how soon all callers were back. Returns false if one never came back.
[[nodiscard]] bool print_outages(const std::vector<Outage>& outages);

}  // namespace drill
