// SPDX-License-Identifier: Apache-2.0
// handshake_gate.cpp: the gate of this process.
#include "handshake_gate.hpp"

#include "descriptors.hpp"

#include <atomic>
#include <cstdint>
#include <memory>

namespace redstart::net {

namespace {

constexpr std::size_t at_once = 32;

}  // namespace

HandshakeGate& HandshakeGate::process() {
  struct OfProcess {
    std::uint32_t generation = fork_generation();
    HandshakeGate gate{at_once};
    OfProcess* parents = nullptr;
  };
  // Never destroyed: handles may still connect while statics are destroyed. In the child of a fork those who
  // were inside the parent's gate never leave it, so it has its own.
  static std::atomic<OfProcess*> current{nullptr};
  OfProcess* gate = current.load(std::memory_order_acquire);
  if (gate != nullptr && !forked(gate->generation)) return gate->gate;
  auto mine = std::make_unique<OfProcess>();
  mine->parents = gate;
  if (current.compare_exchange_strong(gate, mine.get(), std::memory_order_acq_rel)) gate = mine.release();
  return gate->gate;
}

}  // namespace redstart::net
