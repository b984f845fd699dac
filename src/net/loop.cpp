// SPDX-License-Identifier: Apache-2.0
// loop.cpp: marks threads that run the engine, and caches the time.
#include "loop.hpp"

#include "descriptors.hpp"

#include <utility>

namespace redstart::inline v0::net {

namespace {

constinit thread_local detail::LoopMark mark{};

// If a handler forks, the child's thread inherits the mark. The generation shows that it no longer applies.
bool marked() noexcept { return mark.generation != 0 && !forked(mark.generation); }

}  // namespace

bool on_loop_thread() noexcept { return marked(); }

TimePoint turn_now() noexcept {
  if (mark.turn == TimePoint{} || !marked()) return Clock::now();
  if (!mark.read.recent()) [[unlikely]] {
    mark.read = CycleMark::now();  // before the clock: if the process is stopped between the two, the mark is
                                   // too old and not too new
    mark.turn = Clock::now();
  }
  return mark.turn;
}

LoopThreadMark::LoopThreadMark(CycleMark read, TimePoint now) noexcept
    : before_(std::exchange(mark, {fork_generation(), now, read})) {}

LoopThreadMark::~LoopThreadMark() { mark = before_; }

}  // namespace redstart::inline v0::net
