// SPDX-License-Identifier: Apache-2.0
// loop.cpp: which threads belong to the engine at the moment, and since when.
#include "loop.hpp"

#include <utility>

namespace redstart::net {

namespace {

thread_local unsigned marks = 0;
thread_local Time turn{};

}  // namespace

bool on_engine_thread() noexcept { return marks != 0; }

Time turn_now() noexcept { return turn == Time{} ? Clock::now() : turn; }

EngineThreadMark::EngineThreadMark(Time now) noexcept : before_(std::exchange(turn, now)) { ++marks; }

EngineThreadMark::~EngineThreadMark() {
  --marks;
  turn = before_;
}

}  // namespace redstart::net
