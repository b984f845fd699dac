// SPDX-License-Identifier: Apache-2.0
// fault_proxy.cpp: the public proxy and scripts, which forward to ProxyCore.
#include <redstart/testing/fault_proxy.hpp>

#include <utility>

#include "proxy_core.hpp"

namespace redstart::inline v0::testing {

using detail::FaultAction;
using detail::FaultKind;
using detail::FaultTarget;
using detail::FaultTrigger;

FaultProxy::FaultProxy(const Endpoint& server, FaultProxyOptions options)
    : core_(std::make_shared<detail::ProxyCore>(server, std::move(options))) {}

FaultProxy::FaultProxy(std::uint16_t port, FaultProxyOptions options)
    : FaultProxy(Endpoint{.host = "127.0.0.1", .port = port}, std::move(options)) {}

FaultProxy::~FaultProxy() { core_->stop(); }

Endpoint FaultProxy::endpoint() const { return {.host = "127.0.0.1", .port = port()}; }
std::uint16_t FaultProxy::port() const { return core_->port(); }

FaultScript FaultProxy::next_connection() { return connection(core_->take_next_index()); }
FaultScript FaultProxy::connection(std::size_t index) { return {core_, {FaultTarget::Kind::one, index}}; }
FaultScript FaultProxy::open_connections() { return {core_, {FaultTarget::Kind::open, 0}}; }
FaultScript FaultProxy::new_connections() { return {core_, {FaultTarget::Kind::coming, 0}}; }
FaultScript FaultProxy::all_connections() { return {core_, {FaultTarget::Kind::all, 0}}; }

void FaultProxy::freeze() { core_->freeze(); }
void FaultProxy::refuse() { core_->refuse(); }
void FaultProxy::blackhole() { core_->blackhole(); }
void FaultProxy::crash() { core_->crash(); }
void FaultProxy::heal() { core_->heal_everything(); }
ProxyCounters FaultProxy::counters() const { return core_->counters(); }
void FaultProxy::await(const std::function<bool(const ProxyCounters&)>& condition) const {
  core_->await(condition);
}

FaultScript::FaultScript(std::shared_ptr<detail::ProxyCore> core, FaultTarget target)
    : core_(std::move(core)), target_(target) {}

FaultScript FaultScript::when(FaultTrigger trigger) const {
  FaultScript script = *this;
  script.trigger_ = std::move(trigger);
  return script;
}

FaultScript FaultScript::after_bytes(std::uint64_t count, Direction direction) const {
  return when({FaultTrigger::Kind::bytes, direction, count, {}});
}
FaultScript FaultScript::on_request(std::uint64_t number) const {
  return when({FaultTrigger::Kind::request, Direction::to_server, number, {}});
}
FaultScript FaultScript::on_command(std::string_view name, std::uint64_t number) const {
  return when({FaultTrigger::Kind::request, Direction::to_server, number, detail::in_capitals(name)});
}
FaultScript FaultScript::on_reply(std::uint64_t number) const {
  return when({FaultTrigger::Kind::reply, Direction::to_client, number, {}});
}
FaultScript FaultScript::on_reply_to(std::string_view name, std::uint64_t number) const {
  return when({FaultTrigger::Kind::reply, Direction::to_client, number, detail::in_capitals(name)});
}

FaultScript& FaultScript::add(FaultAction action) {
  fired_ = std::make_shared<detail::FiredCount>();
  core_->add(target_, {std::exchange(trigger_, {}), std::move(action), fired_});
  return *this;
}

FaultScript& FaultScript::add_to_message(FaultKind kind) {
  if (trigger_.kind != FaultTrigger::Kind::request && trigger_.kind != FaultTrigger::Kind::reply)
    throw std::logic_error(
        "this fault needs a trigger that names a message, such as on_request() or on_reply()");
  return add({.kind = kind, .direction = trigger_.direction});
}

FaultScript& FaultScript::reset() { return add({.kind = FaultKind::reset}); }
FaultScript& FaultScript::close() { return add({.kind = FaultKind::close}); }
FaultScript& FaultScript::half_close(Direction direction) {
  return add({.kind = FaultKind::half_close, .direction = direction});
}
FaultScript& FaultScript::stop_reading(Direction direction) {
  return add({.kind = FaultKind::stop_reading, .direction = direction});
}
FaultScript& FaultScript::stop_writing(Direction direction) {
  return add({.kind = FaultKind::stop_writing, .direction = direction});
}
FaultScript& FaultScript::discard(Direction direction) {
  return add({.kind = FaultKind::discard, .direction = direction});
}
FaultScript& FaultScript::silent() { return add({.kind = FaultKind::silent}); }
FaultScript& FaultScript::slice_at(std::size_t bytes, Direction direction,
                                   std::chrono::nanoseconds interval) {
  return add({.kind = FaultKind::slice, .direction = direction, .size = bytes, .least = interval});
}
FaultScript& FaultScript::latency_of(std::chrono::nanoseconds least, std::chrono::nanoseconds most,
                                     Direction direction) {
  return add({.kind = FaultKind::latency, .direction = direction, .least = least, .most = most});
}
FaultScript& FaultScript::bandwidth(std::size_t bytes_per_second, Direction direction) {
  return add({.kind = FaultKind::bandwidth, .direction = direction, .size = bytes_per_second});
}
FaultScript& FaultScript::hold(Direction direction) {
  return add({.kind = FaultKind::hold, .direction = direction});
}
FaultScript& FaultScript::hold_until(const Gate& gate, Direction direction) {
  return add({.kind = FaultKind::hold, .direction = direction, .gate = gate});
}
FaultScript& FaultScript::corrupt(Direction direction, unsigned char mask) {
  return add({.kind = FaultKind::corrupt, .direction = direction, .size = mask});
}
FaultScript& FaultScript::swallow() { return add_to_message(FaultKind::swallow); }
FaultScript& FaultScript::duplicate() { return add_to_message(FaultKind::duplicate); }
FaultScript& FaultScript::swap_with_next() { return add_to_message(FaultKind::swap); }

FaultScript& FaultScript::heal() {
  core_->heal(target_);
  return *this;
}
FaultScript& FaultScript::release() {
  core_->release(target_);
  return *this;
}

std::uint64_t FaultScript::fired() const { return fired_ ? core_->fired(*fired_) : 0; }
void FaultScript::await_fired(std::uint64_t times) const {
  if (fired_) core_->await_fired(*fired_, times);
}

}  // namespace redstart::inline v0::testing
