// SPDX-License-Identifier: Apache-2.0
// gate.cpp: waits for a gate, with a watchdog.
#include <redstart/testing/gate.hpp>

#include <stdexcept>

namespace redstart::inline v0::testing {

Gate::Gate() : state_(std::make_shared<State>()) {}

void Gate::open() const {
  const std::scoped_lock lock(state_->mutex);
  state_->open = true;
  state_->opened.notify_all();
}

bool Gate::is_open() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->open;
}

void Gate::wait(const std::stop_token& stop) const {
  std::unique_lock lock(state_->mutex);
  if (!state_->opened.wait_for(lock, stop, watchdog, [this] { return state_->open; }) &&
      !stop.stop_requested())
    throw std::runtime_error("a gate was not opened within 30 s");
}

}  // namespace redstart::inline v0::testing
