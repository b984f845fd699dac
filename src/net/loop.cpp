// SPDX-License-Identifier: Apache-2.0
// loop.cpp: which threads belong to the engine at the moment, and since when.
#include "loop.hpp"

#include "descriptors.hpp"

#include <utility>

namespace redstart::net {

namespace {

struct Marks {
  unsigned count = 0;
  std::uint32_t generation = 0;
};
thread_local Marks marks;
thread_local Time turn{};

// A thread that forked from a handler is marked in the child as well, where nothing runs on it any more.
bool marked() noexcept { return marks.count != 0 && !forked(marks.generation); }

}  // namespace

bool on_engine_thread() noexcept { return marked(); }

Time turn_now() noexcept { return turn == Time{} || !marked() ? Clock::now() : turn; }

EngineThreadMark::EngineThreadMark(Time now) noexcept : before_(std::exchange(turn, now)) {
  ++marks.count;
  marks.generation = fork_generation();
}

EngineThreadMark::~EngineThreadMark() {
  --marks.count;
  turn = before_;
}

}  // namespace redstart::net
