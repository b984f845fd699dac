// SPDX-License-Identifier: Apache-2.0
// small_stack.hpp: runs a function on a thread with a stack of 256 KiB.
#pragma once

#include <pthread.h>

#include <cstddef>
#include <stdexcept>

namespace redstart::test {

template <class F>
void on_small_stack(F run) {
  constexpr std::size_t stack = std::size_t{256} << 10;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack);
  pthread_t thread;
  const auto entry = [](void* argument) -> void* {
    (*static_cast<F*>(argument))();
    return nullptr;
  };
  const int failed = pthread_create(&thread, &attributes, entry, &run);
  pthread_attr_destroy(&attributes);
  if (failed != 0) throw std::runtime_error("can't start a thread with a small stack");
  pthread_join(thread, nullptr);
}

}  // namespace redstart::test
