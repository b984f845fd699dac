// SPDX-License-Identifier: Apache-2.0
// async_opening.hpp: opens an asynchronous connection on its loop.
#pragma once

#include "../protocol/opening_fsm.hpp"
#include "handshake_gate.hpp"
#include "loop.hpp"
#include "open_watcher.hpp"
#include "opened_stream.hpp"
#include "preparation.hpp"

#include <redstart/config/redis_config.hpp>

#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace redstart::inline v0::net {

/// The end of a connect attempt.
struct OpeningResult {
  std::optional<Cause> failure{};
  OpenedStream stream{};     ///< Open unless there is a failure.
  std::uint64_t pushes = 0;  ///< Pushes that were dropped.
  protocol::CredentialsRenewal renewal{};
};

/// One connect attempt on a loop: carries out the actions of OpeningFsm.
///
/// Lifetimes: destroying it ends the attempt. Then `done` is not called, the permit is returned, the socket
/// is closed, and nothing is posted to the loop any more. `config`, `client_name` and `watcher` must outlive
/// it. `done` may destroy it.
///
/// Thread safety: none. All calls are made on the loop. The destructor may also run on another thread once
/// the loop has ended, before its context is destroyed.
class AsyncOpening {
 public:
  using Done = std::function<void(OpeningResult)>;

  AsyncOpening(const Loop& loop, const DatabaseConfig& config, const std::string& client_name,
               std::shared_ptr<Preparer> preparer, OpenWatcher& watcher, TimePoint deadline, Done done);
  AsyncOpening(const AsyncOpening&) = delete;
  AsyncOpening& operator=(const AsyncOpening&) = delete;
  ~AsyncOpening();

  /// Starts the attempt. `done` is called later, by a handler of its own, with the marks of a turn set.
  void start(TimePoint now);

 private:
  using Machine = protocol::OpeningFsm;
  using Action = Machine::Action;
  using Kind = Action::Kind;
  using Next = std::optional<Action>;  // none: the action has not ended yet
  struct Door;

  template <class Work>
  static void turn(Door& door, Work work);
  template <class Work>
  [[nodiscard]] auto on_socket(Work work) const;
  template <class Put>
  static void post(const std::shared_ptr<Door>& door, Put put);
  [[nodiscard]] Preparer::Done answer() const;

  void carry_out(Next next);
  [[nodiscard]] Next begin(const Action& action);
  [[nodiscard]] Next take_mail();
  [[nodiscard]] Next get_permit();
  [[nodiscard]] Next connect(const Address& address);
  [[nodiscard]] Next connected(int error);
  [[nodiscard]] Next secure();
  [[nodiscard]] Next send();
  void await_bytes();
  [[nodiscard]] Next receive();
  [[nodiscard]] Next on_timer();
  [[nodiscard]] Next finish(std::optional<Cause> failure);
  void arm(TimePoint time);
  void restart_patience() noexcept;

  const DatabaseConfig& config_;
  const std::shared_ptr<Preparer> preparer_;
  OpenWatcher& watcher_;
  Done done_;
  Machine machine_;
  const std::shared_ptr<Door> door_;
  boost::asio::steady_timer timer_;
  TimePoint armed_{};               // when the timer expires
  std::uint64_t timer_number_ = 0;  // of the armed timer; expiries of earlier ones are ignored
  TimePoint now_{};                 // the handler's reading of the clock
  TimePoint until_{};               // time limit of the current action
  Progress progress_ = new_progress();
  Preparer::Subscription subscription_{};
  Prepared prepared_{};
  HandshakeGate::WaiterId waiter_ = 0;
  std::unique_ptr<HandshakeGate::Pass> pass_{};
  OpenedStream stream_{};
  std::uint64_t epoch_ = 0;    // counts sockets; events of earlier ones are ignored
  bool reading_ = false;       // a wait for bytes is pending
  std::string_view unsent_{};  // of the request
};

}  // namespace redstart::inline v0::net
