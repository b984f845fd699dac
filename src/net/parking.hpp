// SPDX-License-Identifier: Apache-2.0
// parking.hpp: waiting for a number in memory to change.
#pragma once

#include "socket.hpp"

#include <atomic>
#include <cstdint>

namespace redstart::inline v0::net {

/// Sleeps while `word` is `expected`, at most until `deadline`; may also return early, for no reason.
void park(const std::atomic<std::uint32_t>& word, std::uint32_t expected, TimePoint deadline) noexcept;
/// Wakes the thread that sleeps on `word`, which need not exist any more: it is only an address.
void unpark(const std::atomic<std::uint32_t>* word) noexcept;

}  // namespace redstart::inline v0::net
