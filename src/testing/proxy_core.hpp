// SPDX-License-Identifier: Apache-2.0
// proxy_core.hpp: the thread, listener and connections of a fault proxy.
#pragma once

#include <redstart/testing/fault_proxy.hpp>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "fault_rule.hpp"
#include "proxy_connection.hpp"
#include "socket_file.hpp"

namespace redstart::inline v0::testing::detail {

/// Everything below is guarded by one mutex. The thread releases it only to wait and to deliver events.
/// Scripts and tests change the state under the mutex and then wake the thread.
class ProxyCore {
 public:
  ProxyCore(const Endpoint& server, FaultProxyOptions options);
  ~ProxyCore() { stop(); }
  ProxyCore(const ProxyCore&) = delete;
  ProxyCore& operator=(const ProxyCore&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  void stop() noexcept;

  std::size_t take_next_index();
  void add(const FaultTarget& target, const FaultRule& rule);
  void heal(const FaultTarget& target);
  void release(const FaultTarget& target);

  void freeze();
  void refuse();
  void blackhole();
  void crash();
  void heal_everything();

  [[nodiscard]] ProxyCounters counters() const;
  void await(const std::function<bool(const ProxyCounters&)>& condition) const;
  [[nodiscard]] std::uint64_t fired(const FiredCount& count) const;
  void await_fired(const FiredCount& count, std::uint64_t times) const;

 private:
  using Clock = std::chrono::steady_clock;

  void run();
  int pump_all();
  void accept_all();
  void accept_one(SocketFile client);
  void listen();
  void stop_listening();
  void wake() const noexcept;
  void apply_to_targets(const FaultTarget& target, const std::function<void(FaultLink&)>& change);
  void wait_until(std::unique_lock<std::mutex>& lock, const std::function<bool()>& condition) const;

  const SocketAddress server_;
  const FaultProxyOptions options_;
  SocketFile epoll_;
  SocketFile wake_;
  SocketFile reservation_;  // reserves the port while nothing listens on it
  SocketFile listener_{};
  std::vector<SocketFile> fillers_{};  // fill the accept queue of a black hole
  std::uint16_t port_ = 0;

  mutable std::mutex mutex_{};
  mutable std::condition_variable changed_{};
  bool stopping_ = false;
  ProxyLog log_{};
  std::map<std::size_t, std::unique_ptr<ProxyConnection>> connections_{};
  std::map<std::size_t, std::vector<FaultRule>> planned_{};  // for future connections, by number
  std::vector<FaultRule> standing_{};                        // for all future connections
  std::size_t planned_end_ = 0;                              // the next number for next_connection()
  std::thread thread_{};
};

}  // namespace redstart::inline v0::testing::detail
