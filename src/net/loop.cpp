// SPDX-License-Identifier: Apache-2.0
// loop.cpp: which threads belong to the engine at the moment.
#include "loop.hpp"

namespace redstart::net {

namespace {

thread_local unsigned marks = 0;

}  // namespace

bool on_engine_thread() noexcept { return marks != 0; }

EngineThreadMark::EngineThreadMark() noexcept { ++marks; }

EngineThreadMark::~EngineThreadMark() { --marks; }

}  // namespace redstart::net
