// SPDX-License-Identifier: Apache-2.0
// proxy_core.cpp: the event loop of a fault proxy.
#include "proxy_core.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <utility>

namespace redstart::inline v0::testing::detail {
namespace {

constexpr std::uint64_t of_listener = ~std::uint64_t{0};
constexpr std::uint64_t of_wake = of_listener - 1;

void watch_input(int epoll, int fd, std::uint64_t mark) {
  epoll_event entry{};
  entry.events = EPOLLIN;
  entry.data.u64 = mark;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &entry) != 0) throw_errno("epoll_ctl");
}

std::string described(const ProxyCounters& c) {
  return std::to_string(c.accepted) + " connections accepted, " + std::to_string(c.open) + " open, " +
         std::to_string(c.requests) + " requests, " + std::to_string(c.replies) + " replies, " +
         std::to_string(c.bytes_to_server) + " bytes to the server, " + std::to_string(c.bytes_to_client) +
         " to the client, " + std::to_string(c.faults) + " faults";
}

}  // namespace

ProxyCore::ProxyCore(const Endpoint& server, FaultProxyOptions options)
    : server_(resolve(server)),
      options_(std::move(options)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      reservation_(bound_socket(0)),
      port_(port_of(reservation_)) {
  if (!epoll_ || !wake_) throw_errno("epoll_create1");
  log_.tap = options_.tap;
  watch_input(epoll_.get(), wake_.get(), of_wake);
  listen();
  thread_ = std::thread([this] { run(); });
}

void ProxyCore::stop() noexcept {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    wake();
  }
  if (thread_.joinable()) thread_.join();
  const std::scoped_lock lock(mutex_);
  connections_.clear();
  listener_.close();
  fillers_.clear();
  reservation_.close();
}

void ProxyCore::listen() {
  fillers_.clear();
  if (listener_) return;
  SocketFile listener = bound_socket(port_);
  listen_on(listener, 511);
  watch_input(epoll_.get(), listener.get(), of_listener);
  listener_ = std::move(listener);
}

// New attempts find the port closed. Those in the accept queue are reset.
void ProxyCore::stop_listening() {
  listener_.close();
  fillers_.clear();
}

void ProxyCore::wake() const noexcept {
  const std::uint64_t one = 1;
  static_cast<void>(!::write(wake_.get(), &one, sizeof one));
}

void ProxyCore::run() {
  std::array<epoll_event, 64> happened{};
  std::vector<OwnedEvent> events;
  int timeout = -1;
  for (;;) {
    static_cast<void>(
        ::epoll_wait(epoll_.get(), happened.data(), static_cast<int>(happened.size()), timeout));
    {
      const std::scoped_lock lock(mutex_);
      std::uint64_t ignored = 0;
      static_cast<void>(!::read(wake_.get(), &ignored, sizeof ignored));
      if (stopping_) return;
      accept_all();
      timeout = pump_all();
      events = std::exchange(log_.events, {});
      changed_.notify_all();
    }
    if (!options_.on_event) continue;
    for (const OwnedEvent& event : events)
      options_.on_event({event.kind, event.connection, event.number, event.command});
  }
}

void ProxyCore::accept_all() {
  while (listener_ && fillers_.empty()) {
    SocketFile client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!client) return;
    accept_one(std::move(client));
  }
}

void ProxyCore::accept_one(SocketFile client) {
  send_at_once(client);
  const auto index = static_cast<std::size_t>(log_.counters.accepted++);
  ++log_.counters.open;
  log_.events.push_back({ProxyEvent::Kind::accepted, index, 0, {}});
  auto connection = std::make_unique<ProxyConnection>(index, std::move(client), options_.seed + index);
  for (const FaultRule& rule : standing_) connection->link.add(rule);
  if (const auto planned = planned_.find(index); planned != planned_.end()) {
    for (const FaultRule& rule : planned->second) connection->link.add(rule);
    planned_.erase(planned);
  }
  connection->connect(server_, epoll_.get(), log_);
  connections_.emplace(index, std::move(connection));
}

// Returns the number of milliseconds until there is work without an event; -1: none.
int ProxyCore::pump_all() {
  const Clock::time_point now = Clock::now();
  std::optional<Clock::time_point> next;
  for (auto it = connections_.begin(); it != connections_.end();) {
    ProxyConnection& connection = *it->second;
    if (!connection.pump(now, epoll_.get(), log_)) {
      --log_.counters.open;
      log_.events.push_back({ProxyEvent::Kind::ended, it->first, 0, {}});
      it = connections_.erase(it);
      continue;
    }
    const auto at = connection.link.next_time(now);
    if (at && (!next || *at < *next)) next = at;
    ++it;
  }
  if (!next) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1000));
}

std::size_t ProxyCore::take_next_index() {
  const std::scoped_lock lock(mutex_);
  planned_end_ = std::max(planned_end_, static_cast<std::size_t>(log_.counters.accepted)) + 1;
  return planned_end_ - 1;
}

void ProxyCore::apply_to_targets(const FaultTarget& target, const std::function<void(FaultLink&)>& change) {
  if (target.kind == FaultTarget::Kind::one) {
    if (const auto found = connections_.find(target.index); found != connections_.end())
      change(found->second->link);
  } else if (target.kind != FaultTarget::Kind::coming) {
    for (const auto& [index, connection] : connections_) change(connection->link);
  }
}

void ProxyCore::add(const FaultTarget& target, const FaultRule& rule) {
  const std::scoped_lock lock(mutex_);
  apply_to_targets(target, [&](FaultLink& link) { link.add(rule); });
  if (target.kind == FaultTarget::Kind::one && target.index >= log_.counters.accepted)
    planned_[target.index].push_back(rule);
  if (target.kind == FaultTarget::Kind::coming || target.kind == FaultTarget::Kind::all)
    standing_.push_back(rule);
  wake();
}

void ProxyCore::heal(const FaultTarget& target) {
  const std::scoped_lock lock(mutex_);
  apply_to_targets(target, [](FaultLink& link) { link.heal(Clock::now()); });
  if (target.kind == FaultTarget::Kind::one) planned_.erase(target.index);
  if (target.kind == FaultTarget::Kind::coming || target.kind == FaultTarget::Kind::all) standing_.clear();
  wake();
}

void ProxyCore::release(const FaultTarget& target) {
  const std::scoped_lock lock(mutex_);
  apply_to_targets(target, [](FaultLink& link) { link.release(); });
  const auto not_held = [](std::vector<FaultRule>& rules) {
    std::erase_if(rules, [](const FaultRule& rule) { return rule.action.kind == FaultKind::hold; });
  };
  if (target.kind == FaultTarget::Kind::one) {
    if (const auto found = planned_.find(target.index); found != planned_.end()) not_held(found->second);
  } else if (target.kind != FaultTarget::Kind::open) {
    not_held(standing_);
  }
  wake();
}

void ProxyCore::freeze() { add({FaultTarget::Kind::all, 0}, {{}, {FaultKind::silent}, {}}); }

void ProxyCore::refuse() {
  const std::scoped_lock lock(mutex_);
  stop_listening();
  wake();
}

void ProxyCore::blackhole() {
  const std::scoped_lock lock(mutex_);
  stop_listening();
  // An accept queue of length 0 holds one connection. When it is full, the kernel drops every further
  // attempt.
  listener_ = bound_socket(port_);
  listen_on(listener_, 0);
  SocketAddress here;
  here.size = sizeof here.storage;
  if (::getsockname(listener_.get(), here.get(), &here.size) != 0) throw_errno("getsockname");
  for (int i = 0; i < 3; ++i) {
    SocketFile filler(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    static_cast<void>(::connect(filler.get(), here.get(), here.size));
    fillers_.push_back(std::move(filler));
  }
  wake();
}

void ProxyCore::crash() {
  const std::scoped_lock lock(mutex_);
  stop_listening();
  const FaultRule now{{}, {FaultKind::reset}, {}};
  for (const auto& [index, connection] : connections_) connection->link.add(now);
  wake();
}

void ProxyCore::heal_everything() {
  const std::scoped_lock lock(mutex_);
  for (const auto& [index, connection] : connections_) connection->link.heal(Clock::now());
  planned_.clear();
  standing_.clear();
  planned_end_ = 0;
  if (!fillers_.empty()) stop_listening();
  listen();
  wake();
}

ProxyCounters ProxyCore::counters() const {
  const std::scoped_lock lock(mutex_);
  return log_.counters;
}

void ProxyCore::wait_until(std::unique_lock<std::mutex>& lock, const std::function<bool()>& condition) const {
  if (changed_.wait_for(lock, watchdog, condition)) return;
  throw std::runtime_error("the awaited condition of the proxy was not met within 30 s; counters: " +
                           described(log_.counters));
}

void ProxyCore::await(const std::function<bool(const ProxyCounters&)>& condition) const {
  std::unique_lock lock(mutex_);
  wait_until(lock, [&] { return condition(log_.counters); });
}

std::uint64_t ProxyCore::fired(const FiredCount& count) const {
  const std::scoped_lock lock(mutex_);
  return count.times;
}

void ProxyCore::await_fired(const FiredCount& count, std::uint64_t times) const {
  std::unique_lock lock(mutex_);
  wait_until(lock, [&] { return count.times >= times; });
}

}  // namespace redstart::inline v0::testing::detail
