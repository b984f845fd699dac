// SPDX-License-Identifier: Apache-2.0
// console.hpp: what the drill prints: a line a second, and the proof.
#pragma once

#include "timeline.hpp"
#include "traffic.hpp"

#include <redstart/observe/stats.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace drill {

/// One line a second about the second that has just passed.
void print_heading();
void print_second(long second, const std::string& phase, const Slice& sum);

/// What the server has in the end, in the order of the books.
using Stored = std::vector<std::uint64_t>;

/// Prints what has to hold, and whether it does. True when all of it does.
[[nodiscard]] bool print_proof(const std::vector<std::unique_ptr<Book>>& books, const Stored& stored,
                               const Slice& all, const redstart::DatabaseStats& stats);
/// Prints how long each outage was and how soon everybody was back. False when somebody never came back.
[[nodiscard]] bool print_outages(const std::vector<Outage>& outages);

}  // namespace drill
