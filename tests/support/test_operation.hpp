// SPDX-License-Identifier: Apache-2.0
// test_operation.hpp: operations, owner and loop for tests of asynchronous connections.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <redstart/engine/operation_node.hpp>
#include <redstart/resp/writer.hpp>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "net/async_connection.hpp"

namespace redstart::test {

/// The outcome of an operation: its replies in order, and the error.
struct Ending {
  std::vector<std::string> replies{};
  std::optional<Error> error{};
  bool inline_call = false;  ///< Completed on the loop, within a turn.
};

/// An operation that calls a function when it ends. Deletes itself.
class TestOperation final : public engine::OperationNode {
 public:
  using Done = std::function<void(Ending)>;

  TestOperation(engine::OwnedRequest what, Done done)
      : OperationNode(std::move(what)), done_(std::move(done)) {
    start = std::chrono::steady_clock::now();
    deadline = start + std::chrono::seconds(30);
    ++alive();
  }

  /// One command for each list of arguments; awaits one reply for each.
  static TestOperation& batch(const std::vector<std::vector<std::string>>& commands, Done done) {
    engine::OwnedRequest what;
    resp::Writer writer(what.bytes);
    for (const auto& words : commands) {
      writer.array(words.size());
      for (const auto& word : words) writer.bulk(word);
    }
    what.replies = static_cast<std::uint32_t>(commands.size());
    return *new TestOperation(std::move(what), std::move(done));
  }
  static TestOperation& make(std::vector<std::string> words, Done done) {
    return batch({std::move(words)}, std::move(done));
  }

  TestOperation& within(std::chrono::nanoseconds time) {
    deadline = start + time;
    return *this;
  }
  TestOperation& known_as(std::uint64_t number) {
    id = number;
    return *this;
  }
  TestOperation& retries(Retry category) {
    request.traits.retry = category;
    return *this;
  }
  TestOperation& changes(Session state) {
    request.traits.session = state;
    return *this;
  }
  TestOperation& blocks(std::chrono::milliseconds time) {
    request.traits.blocks_for = time;
    return *this;
  }

  void accept(std::string_view frame, const engine::Origin&) noexcept override {
    ending_.replies.emplace_back(frame);
  }
  void finish(std::optional<Error> error, const boost::asio::any_io_executor* handler_executor) override {
    ending_.error = std::move(error);
    ending_.inline_call = handler_executor != nullptr;
    Done done = std::move(done_);
    Ending ending = std::move(ending_);
    delete this;
    --alive();
    done(std::move(ending));
  }
  void destroy() noexcept override {
    delete this;
    --alive();
    ++destroyed();
  }

  /// The number of operations that were neither finished nor destroyed.
  static std::atomic<long>& alive() {
    static std::atomic<long> count{0};
    return count;
  }
  static std::atomic<long>& destroyed() {
    static std::atomic<long> count{0};
    return count;
  }

 private:
  ~TestOperation() = default;

  Done done_;
  Ending ending_{};
};

/// Records all notifications. Opens wanted connections, unless disabled.
class TestOwner final : public net::AsyncConnection::Owner {
 public:
  std::atomic<bool> opens{true};
  std::atomic<bool> fails_queue{false};  ///< Whether queued operations fail after a failed attempt or a loss.
  bool repeats = true;                   ///< Whether lost operations are retried if that is safe.
  std::atomic<int> wanted_calls{0};
  std::atomic<int> opened_calls{0};
  std::atomic<int> not_ready_calls{0};
  std::atomic<int> failed_calls{0};
  std::atomic<int> closed_calls{0};
  std::atomic<int> idle_calls{0};
  std::atomic<int> stopped_calls{0};
  std::atomic<int> nudged_calls{0};
  // The circuit breaker, on the loop: admits everything, or as many operations as there are places.
  bool passes = true;
  bool waiting = false;
  int places = 0;
  std::vector<BreakerVerdict> verdicts{};
  std::chrono::milliseconds refusal_delay{5};
  std::atomic<std::size_t> answers{0};
  std::atomic<std::size_t> errors{0};
  std::atomic<std::size_t> reports{0};
  std::atomic<std::uint64_t> pushes{0};
  std::optional<Cause> last_failure{};       ///< Written on the loop.
  protocol::NotReady last_not_ready{};       ///< Written on the loop.
  std::optional<CloseReason> last_reason{};  ///< Written on the loop.
  std::function<void()> on_event{};          ///< Called after each notification except `answered`.
  std::function<void()> on_pass{};           ///< Called when the connection asks for admission.

  bool not_ready(const protocol::NotReady& state) override {
    last_not_ready = state;
    ++not_ready_calls;
    tell();
    return true;
  }
  void ready(const protocol::HandshakeFsm&) override {}
  void on_events(net::AsyncConnection& connection, const protocol::LinkEvents& events) override {
    using Event = protocol::LinkEvent::Kind;
    for (const protocol::LinkEvent& event : events) {
      switch (event.kind) {
        case Event::pushed: pushes += event.pushes; break;
        case Event::opened: opened(); break;
        case Event::closed: closed(connection, event.reason); break;
        case Event::open_failed: open_failed(connection, *event.failure); break;
        case Event::unauthenticated: connection.retire(CloseReason::credentials); break;
        case Event::wanted: wanted(connection); break;
        case Event::woken: ++nudged_calls; break;
        case Event::idle: idle(); break;
        case Event::stopped: stopped(); break;
      }
    }
  }
  void wanted(net::AsyncConnection& connection) {
    ++wanted_calls;
    if (opens) connection.open();
    tell();
  }
  void flush() noexcept override {}
  void opened() {
    ++opened_calls;
    tell();
  }
  void open_failed(net::AsyncConnection& connection, const Cause& failure) {
    last_failure = failure;
    ++failed_calls;
    if (fails_queue) fail(connection, failure.code, failure.what);
    tell();
  }
  void closed(net::AsyncConnection& connection, CloseReason reason) {
    last_reason = reason;
    ++closed_calls;
    if (fails_queue) fail(connection, Errc::connection_lost, "closed");
    tell();
  }
  void idle() {
    ++idle_calls;
    tell();
  }
  void stopped() {
    ++stopped_calls;
    tell();
  }
  std::uint64_t common_ticket() const noexcept override {
    if (on_pass) on_pass();
    return passes ? 1 : 0;
  }
  bool admit(engine::OperationNode& operation, TimePoint) override {
    if (places == 0) return false;
    --places;
    operation.ticket = 2;
    return true;
  }
  bool waits() const noexcept override { return waiting; }
  void end_ticket(engine::OperationNode& operation, BreakerVerdict verdict, TimePoint,
                  std::string_view) override {
    if (std::exchange(operation.ticket, 0) != 0) verdicts.push_back(verdict);
  }
  std::optional<std::chrono::milliseconds> retry_refused(engine::OperationNode& operation,
                                                         std::string_view words, TimePoint) override {
    if (!words.starts_with("BUSY") || operation.attempts == 2) return std::nullopt;
    ++operation.attempts;
    return refusal_delay;
  }
  // Each only once.
  std::optional<std::chrono::milliseconds> retry_lost(engine::OperationNode& operation,
                                                      const net::Outcome& outcome, bool) override {
    const Failure failure{Errc::connection_lost, outcome.effect, Remedy::retry};
    const RetryMode mode = operation.options.retry.value_or(RetryMode::reads);
    if (!repeats || operation.attempts != 0 || !may_repeat(failure, operation.request.traits.retry, mode))
      return std::nullopt;
    if (outcome.effect != Effect::not_sent && outcome.code == Errc::protocol_error) return std::nullopt;
    ++operation.attempts;
    return std::chrono::milliseconds(0);
  }
  void answered(std::size_t commands, std::size_t failures, std::chrono::nanoseconds) override {
    answers += commands;
    errors += failures;
    ++reports;
  }
  Error failed(const engine::OperationNode&, const net::Outcome& outcome) override {
    ErrorInfo info;
    info.code = outcome.code;
    info.effect = outcome.effect;
    info.what = outcome.text;
    return Error(std::move(info));
  }
  const engine::Origin& origin() const noexcept override { return origin_; }

 private:
  static void fail(net::AsyncConnection& connection, Errc code, std::string text) {
    net::Outcome outcome;
    outcome.code = code;
    outcome.text = std::move(text);
    connection.fail_queued(outcome);
  }
  void tell() const {
    if (on_event) on_event();
  }

  engine::Origin origin_{"test", "nowhere"};
};

/// One connection on a loop that the test runs step by step.
class TestLink {
 public:
  using Kind = net::AsyncConnection::Kind;

  explicit TestLink(std::uint16_t port, Kind kind = Kind::shared) : TestLink(at(port), kind) {}
  explicit TestLink(DatabaseConfig settings, Kind kind = Kind::shared)
      : config(std::move(settings)), owner(std::make_shared<TestOwner>()) {
    const boost::asio::any_io_executor executor = context->get_executor();
    owner->repeats = kind == Kind::shared;  // as the owners in the pool decide
    connection = net::AsyncConnection::make({executor, executor, 0}, config, name, owner, kind);
  }
  TestLink(const TestLink&) = delete;
  TestLink& operator=(const TestLink&) = delete;
  ~TestLink() {
    if (!context) return;
    connection->stop({});
    EXPECT_TRUE(run_until([this] { return owner->stopped_calls == 1; })) << "stop does not end";
  }

  static DatabaseConfig at(std::uint16_t port) {
    DatabaseConfig config;
    config.endpoint = {"127.0.0.1", port, {}};
    return config;
  }

  /// Runs the loop until `condition` holds. Returns false after 30 s.
  template <class Condition>
  [[nodiscard]] bool run_until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      context->restart();
      context->run_one_for(std::chrono::milliseconds(100));
    }
    return true;
  }
  [[nodiscard]] bool open() {
    connection->open();
    return run_until([this] { return connection->ready() || owner->failed_calls != 0; }) &&
           connection->ready();
  }

  /// Starts an operation that stores its outcome in `endings`.
  void submit(TestOperation& operation) { connection->submit(operation); }
  TestOperation::Done into(std::size_t slot) {
    if (endings.size() <= slot) endings.resize(slot + 1);
    return [this, slot](Ending ending) {
      EXPECT_FALSE(endings[slot].has_value()) << "an operation ended twice";
      endings[slot] = std::move(ending);
      ++ended;
    };
  }
  /// Runs the loop until this many operations have ended.
  [[nodiscard]] bool run_to_end(std::size_t operations) {
    return run_until([&] { return ended == operations; });
  }

  LiveSettings config;
  std::string name = "test";
  std::unique_ptr<boost::asio::io_context> context = std::make_unique<boost::asio::io_context>(1);
  std::shared_ptr<TestOwner> owner;
  std::shared_ptr<net::AsyncConnection> connection{};
  std::vector<std::optional<Ending>> endings{};
  std::size_t ended = 0;
};

}  // namespace redstart::test
