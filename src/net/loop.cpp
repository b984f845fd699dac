// SPDX-License-Identifier: Apache-2.0
// loop.cpp: which threads belong to the engine at the moment, and since when.
#include "loop.hpp"

#include "descriptors.hpp"

#include <utility>

namespace redstart::inline v0::net {

namespace {

constinit thread_local detail::EngineMark mark{};

// A thread that forked from a handler is marked in the child as well, where nothing runs on it any more.
bool marked() noexcept { return mark.generation != 0 && !forked(mark.generation); }

}  // namespace

bool on_engine_thread() noexcept { return marked(); }

TimePoint turn_now() noexcept {
  if (mark.turn == TimePoint{} || !marked()) return Clock::now();
  if (!mark.read.recent()) [[unlikely]] {
    mark.read =
        CycleMark::now();  // first: a process that is stopped between the two sees that time has passed
    mark.turn = Clock::now();
  }
  return mark.turn;
}

EngineThreadMark::EngineThreadMark(CycleMark read, TimePoint now) noexcept
    : before_(std::exchange(mark, {fork_generation(), now, read})) {}

EngineThreadMark::~EngineThreadMark() { mark = before_; }

}  // namespace redstart::inline v0::net
