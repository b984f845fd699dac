// SPDX-License-Identifier: Apache-2.0
// loop.cpp: which threads belong to the engine at the moment, and since when.
#include "loop.hpp"

#include "descriptors.hpp"

#include <utility>

namespace redstart::net {

namespace {

thread_local detail::EngineMark mark{};

// A thread that forked from a handler is marked in the child as well, where nothing runs on it any more.
bool marked() noexcept { return mark.generation != 0 && !forked(mark.generation); }

}  // namespace

bool on_engine_thread() noexcept { return marked(); }

Time turn_now() noexcept { return mark.turn == Time{} || !marked() ? Clock::now() : mark.turn; }

EngineThreadMark::EngineThreadMark(Time now) noexcept
    : before_(std::exchange(mark, {fork_generation(), now})) {}

EngineThreadMark::~EngineThreadMark() { mark = before_; }

}  // namespace redstart::net
