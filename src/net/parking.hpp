// SPDX-License-Identifier: Apache-2.0
// parking.hpp: blocks a thread until a number in memory changes.
#pragma once

#include "socket.hpp"

#include <atomic>
#include <cstdint>

namespace redstart::inline v0::net {

/// Blocks while `word` is `expected`, until `deadline` at the latest. Spurious returns are possible.
void park(const std::atomic<std::uint32_t>& word, std::uint32_t expected, TimePoint deadline) noexcept;
/// Wakes the thread that is parked on `word`. The object need not exist any more; only its address is used.
void unpark(const std::atomic<std::uint32_t>* word) noexcept;

}  // namespace redstart::inline v0::net
