// SPDX-License-Identifier: Apache-2.0
// handshake_gate.cpp: the gate of this process.
#include "handshake_gate.hpp"

namespace redstart::net {

HandshakeGate& HandshakeGate::process() {
  constexpr std::size_t at_once = 32;
  static auto* const gate =
      new HandshakeGate(at_once);  // handles may still connect while statics are destroyed
  return *gate;
}

}  // namespace redstart::net
