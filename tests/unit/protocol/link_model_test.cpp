// SPDX-License-Identifier: Apache-2.0
// link_model_test.cpp: random events on a link, against a model of the server.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/sanitizers.hpp"
#include "support/scripted_link.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using EventKind = ScriptedLink::EventKind;
using Kind = ScriptedLink::Kind;

struct FromHandler {};

// The number of an operation and the position in its batch. Each command and each reply carries it.
std::string token(std::uint64_t number, std::size_t position) {
  return std::to_string(number) + "." + std::to_string(position);
}

/// The server at the other end of one connection: executes whole commands, and answers each once, in order.
class ModelServer {
 public:
  explicit ModelServer(std::mt19937& random) : random_(random) {}

  /// Executes what has arrived since the last call.
  void read(std::string_view sent) {
    while (const auto words = next_command(sent)) execute(*words);
  }
  /// Refuses the command that has arrived in part, if its token has. Ignores its rest.
  void refuse_early(std::string_view sent) {
    if (refused_early_ || rest_of(sent).size() > 1000) return;
    const std::string_view rest = rest_of(sent);
    const std::size_t dot = rest.find('.');
    if (!rest.starts_with("*3") || dot == std::string_view::npos) return;
    const std::size_t end = rest.find("\r\n", dot);
    if (end == std::string_view::npos) return;
    const std::size_t begin = rest.rfind('\n', dot) + 1;
    replies_.push_back("-OOM " + std::string(rest.substr(begin, end - begin)) + "\r\n");
    refused_early_ = true;
  }
  /// A fault on the way back: one reply is lost, repeated or invented. Once for each connection.
  void disturb() {
    if (disturbed_ || replies_.empty()) return;
    disturbed_ = true;
    const auto at = replies_.begin() + static_cast<std::ptrdiff_t>(random_() % replies_.size());
    switch (random_() % 3) {
      case 0: replies_.erase(at); break;
      case 1: replies_.insert(at, std::string(*at)); break;
      default: replies_.insert(at, "+invented\r\n"); break;
    }
  }
  void push() { replies_.push_back(">1\r\n+news\r\n"); }
  /// Returns up to `bytes` bytes of replies.
  std::string take(std::size_t bytes) {
    while (out_.size() < bytes && !replies_.empty()) {
      out_ += replies_.front();
      replies_.pop_front();
    }
    return std::exchange(out_, out_.substr(std::min(bytes, out_.size()))).substr(0, bytes);
  }
  [[nodiscard]] bool is_between_replies() const noexcept { return out_.empty(); }
  /// Forgets the connection, but not what was executed.
  void closed() {
    replies_.clear();
    out_.clear();
    parsed_ = 0;
    refused_early_ = disturbed_ = false;
  }
  [[nodiscard]] int executed(const std::string& command) const {
    const auto found = executed_.find(command);
    return found == executed_.end() ? 0 : found->second;
  }

 private:
  using Words = std::vector<std::string>;

  [[nodiscard]] std::string_view rest_of(std::string_view sent) const { return sent.substr(parsed_); }
  std::optional<Words> next_command(std::string_view sent) {
    std::string_view rest = rest_of(sent);
    const auto number = [&rest]() -> std::optional<std::size_t> {
      const std::size_t end = rest.find("\r\n");
      if (end == std::string_view::npos) return std::nullopt;
      const std::size_t value = std::stoul(std::string(rest.substr(1, end - 1)));
      rest.remove_prefix(end + 2);
      return value;
    };
    const auto count = number();
    if (!count) return std::nullopt;
    Words words;
    while (words.size() != *count) {
      const auto size = number();
      if (!size || rest.size() < *size + 2) return std::nullopt;
      words.emplace_back(rest.substr(0, *size));
      EXPECT_EQ(rest.substr(*size, 2), "\r\n");
      rest.remove_prefix(*size + 2);
    }
    parsed_ = sent.size() - rest.size();
    return words;
  }
  void execute(const Words& words) {
    if (std::exchange(refused_early_, false)) return;
    if (words[0] == "PING") return replies_.push_back("+PONG\r\n");
    if (words[0] == "ECHO") return replies_.push_back(bulk_reply(words[1]));
    if (words[0] == "AUTH") {
      const char* const answers[] = {"+OK\r\n", "+OK\r\n", "-BUSY later\r\n", "-WRONGPASS no\r\n"};
      return replies_.push_back(answers[random_() % 4]);
    }
    ASSERT_EQ(words[0], "SET");
    if (random_() % 10 == 0) return replies_.push_back("-BUSY " + words[1] + "\r\n");
    ++executed_[words[1]];
    replies_.push_back(random_() % 8 == 0 ? "-ERR " + words[1] + "\r\n" : bulk_reply(words[1]));
  }

  std::mt19937& random_;
  std::map<std::string, int> executed_{};
  std::deque<std::string> replies_{};
  std::string out_{};  // the rest of a reply that was delivered in part
  std::size_t parsed_ = 0;
  bool refused_early_ = false;
  bool disturbed_ = false;
};

/// One link, one server and the operations that must end.
class Model {
 public:
  explicit Model(unsigned seed) : random_(seed), link_(settings()), server_(random_) {
    link_.admission.refused = [this](const auto& operation, std::string_view message) {
      return operation.request.replies == 1 && operation.attempts < 2 && message.starts_with("BUSY")
                 ? delay()
                 : std::nullopt;
    };
    link_.admission.lost = [this](const auto& operation, const auto& outcome, bool) {
      const bool unsent = outcome.effect == Effect::not_sent;
      const bool may_repeat = unsent || (operation.id % 2 == 0 && operation.request.replies == 1);
      return operation.attempts < 2 && may_repeat ? delay() : std::nullopt;
    };
    link_.on_event = [this](const protocol::LinkEvent& event) {
      if (event.kind == EventKind::closed) lost_connection();
      if (event.kind == EventKind::unauthenticated && pick(2)) link_.retire(CloseReason::credentials);
    };
  }

  void run(int steps) {
    for (int i = 0; i != steps && !::testing::Test::HasFailure(); ++i) {
      guarded([this] { step(); });
      check();
    }
    guarded(
        [this] { link_.stop(link_.now + std::chrono::milliseconds(100) * static_cast<int>(random_() % 2)); });
    // A handler that throws ends a step early.
    for (const TimePoint end = link_.now + 200ms; !link_.stopped && link_.now < end; check())
      guarded([this] { link_.advance(10ms); });
    check();
    EXPECT_TRUE(link_.stopped);
    EXPECT_EQ(link_.alive(), 0U);
    EXPECT_EQ(link_.admission.open_probes(), 0U);
    lost_connection();
    for (const Operation& operation : operations_) check_effect(operation);
  }

 private:
  struct Operation {
    std::uint64_t number;
    std::size_t commands;
    std::size_t bytes;
    TimePoint deadline;
    OperationRecordPtr record;
  };

  ScriptedLink::Settings settings() {
    ScriptedLink::Settings settings;
    settings.kind = pick(2) ? Kind::shared : Kind::exclusive;
    settings.integrity = pick(2);
    settings.scratch = 64 + random_() % 200;
    settings.share = 100 + random_() % 1000;
    return settings;
  }
  // True once in `n` times.
  [[nodiscard]] bool pick(unsigned n) { return random_() % n == 0; }
  std::optional<std::chrono::milliseconds> delay() {
    constexpr std::chrono::milliseconds delays[] = {0ms, 0ms, 3ms, 40ms};
    return delays[random_() % 4];
  }
  template <class Work>
  void guarded(Work work) {
    link_.absorb<FromHandler>(work);
  }

  void step() {
    switch (random_() % 16) {
      case 0:
      case 1:
      case 2:
        for (auto n = random_() % 4; n != 0; --n) link_.push(operation());
        return link_.wake();
      case 3: return link_.begin_opening();
      case 4:
        if (link_.status.state() != protocol::LinkState::opening) return link_.begin_opening();
        if (pick(4)) return link_.open_failed(failure::unavailable());
        expire_credentials();
        link_.opened(random_() % 2);
        link_.kernel.room = pick(2) ? ScriptedKernel::no_limit : random_() % 400;
        return;
      case 5:
      case 6:
      case 7:
      case 8: return deliver(pick(2) ? 1 + random_() % 12 : 10'000);
      case 9: return link_.writable(pick(2) ? ScriptedKernel::no_limit : random_() % 300);
      case 10: return link_.advance(std::chrono::milliseconds(random_() % (pick(10) ? 6000 : 30)));
      case 11:
        if (next_number_ != 1) link_.cancel(1 + random_() % (next_number_ - 1), how());
        return;
      case 12: return break_connection();
      case 13:
        if (pick(2)) return change_credentials();
        return change_admission();
      case 14:
        if (!operations_.empty() && pick(2)) revoked_[random_() % revoked_.size()] = true;
        return link_.status.check_due(pick(3));
      default: return disturb();
    }
  }
  void deliver(std::size_t bytes) {
    if (!link_.core.ready()) return;
    server_.read(link_.kernel.sent);
    const std::string some = server_.take(bytes);
    if (some.empty()) return;
    if (!pick(6)) return link_.receive(some);
    link_.kernel.arrived += some;  // it is not noticed yet
    link_.wake();
    link_.readable();
  }
  void break_connection() {
    switch (random_() % 8) {
      case 0: return link_.end_of_stream();
      case 1: link_.kernel.error = EPIPE; return link_.writable(0);
      case 2: return link_.retire(CloseReason::lifetime);
      case 3: return link_.fail_queue({failure::unavailable(), CloseReason::lost});
      case 4:
        if (server_.is_between_replies()) link_.receive("?");
        return;
      default: return;
    }
  }
  // The next connection has credentials that expire soon, or such that don't expire.
  void expire_credentials() {
    const std::chrono::milliseconds lifetime(pick(3) ? 0 : 100 + random_() % 2000);
    link_.renewal = {{++credentials_, link_.now, lifetime}, 0.5};
  }
  void change_credentials() {
    protocol::ProvidedCredentials newest;
    newest.credentials.password = pick(8) ? "" : "secret";
    newest.term = {++credentials_, link_.now, std::chrono::milliseconds(100 + random_() % 2000)};
    link_.newest = std::make_shared<const protocol::ProvidedCredentials>(newest);
    link_.status.authentication_held(pick(4));
    link_.wake();
  }
  void change_admission() {
    link_.admission.passes = !pick(3);
    link_.admission.waiting = pick(2);
    link_.admission.places = static_cast<int>(random_() % 3);
    link_.wake();
  }
  void disturb() {
    if (!link_.core.ready()) return;
    server_.read(link_.kernel.sent);
    switch (random_() % 4) {
      case 0: return server_.push();
      case 1: return server_.refuse_early(link_.kernel.sent);
      case 2:
        if (link_.config.now().integrity) server_.disturb();
        return;
      default: return;
    }
  }
  [[nodiscard]] engine::Cancellation how() {
    return pick(2) ? engine::Cancellation::total : engine::Cancellation::terminal;
  }

  ScriptedOperation& operation() {
    const std::uint64_t number = next_number_++;
    std::vector<ScriptedOperation::Words> commands;
    const std::size_t count = pick(12) ? 0 : pick(4) ? 3 : 1;
    const std::size_t padding = pick(3) ? random_() % 500 : 3;
    while (commands.size() != count)
      commands.push_back({"SET", token(number, commands.size()), std::string(padding, 'p')});
    ScriptedOperation& made = ScriptedOperation::batch(commands);
    made.start = link_.now;
    made.until(link_.now + std::chrono::milliseconds(pick(3) ? random_() % 100 : 8000)).known_as(number);
    if (pick(10)) made.blocks(1s);
    if (pick(10)) made.changes(Session::transaction);
    if (pick(20) && count == 1) made.of_the_pool();
    revoked_.push_back(false);
    if (pick(4)) made.revocable_by(revoked_.back());
    if (pick(3)) made.then([this, what = static_cast<unsigned>(random_() % 4)] { handler(what); });
    operations_.push_back({number, count, made.request.bytes.size(), made.deadline, made.record()});
    return made;
  }
  void handler(unsigned what) {
    if (what == 0 && operations_.size() < 60) link_.submit(operation());
    if (what == 1) link_.cancel(1 + random_() % next_number_, how());
    if (what == 2 || pick(8)) throw FromHandler();
  }

  // The server executes what it has received, although its replies are lost.
  void lost_connection() {
    server_.read(link_.kernel.sent);
    server_.closed();
    link_.kernel.sent.clear();
  }

  void check() {
    std::size_t alive = 0;
    std::size_t bytes = 0;
    for (const Operation& operation : operations_) {
      const OperationRecord& record = *operation.record;
      ASSERT_LE(record.finished + record.destroyed, 1);
      check_replies(operation);
      if (record.ended()) continue;
      ++alive;
      bytes += operation.bytes;
      // A delay of 40 ms may be running.
      EXPECT_GE(operation.deadline, link_.now - 45ms) << token(operation.number, 0) << " is late";
    }
    EXPECT_EQ(link_.status.load().operations, alive);
    EXPECT_EQ(link_.status.load().bytes, bytes);
    if (!link_.core.ready()) {
      EXPECT_EQ(link_.status.given_up(), 0U);
    }
    EXPECT_EQ(link_.closes, link_.count(EventKind::closed));
  }
  static void check_replies(const Operation& operation) {
    const OperationRecord& record = *operation.record;
    if (record.succeeded()) {
      EXPECT_EQ(record.replies.size(), operation.commands);
    }
    for (std::size_t i = 0; i != record.replies.size(); ++i)
      EXPECT_NE(record.replies[i].find(token(operation.number, i) + "\r\n"), std::string::npos)
          << "a reply of another command: " << record.replies[i];
  }
  void check_effect(const Operation& operation) const {
    const OperationRecord& record = *operation.record;
    for (std::size_t i = 0; i != operation.commands; ++i) {
      const int executed = server_.executed(token(operation.number, i));
      EXPECT_LE(executed, 1 + record.attempts) << "more often than it was allowed";
      if (operation.number % 2 != 0 || operation.commands != 1) {
        EXPECT_LE(executed, 1) << "it must not be repeated";
      }
      if (record.error && record.effect() == Effect::not_sent) {
        EXPECT_EQ(executed, 0) << token(operation.number, i) << ": " << record.error->what();
      }
    }
  }

  std::mt19937 random_;
  ScriptedLink link_;
  ModelServer server_;
  std::vector<Operation> operations_{};
  std::deque<bool> revoked_{};
  std::uint64_t next_number_ = 1;
  std::uint64_t credentials_ = 0;  // the number of the newest
};

TEST(LinkModelTest, RandomEventsLoseNothing) {
  const unsigned seeds = with_address_sanitizer ? 2'000 : 20'000;
  for (unsigned seed = 1; seed <= seeds; ++seed) {
    Model(seed).run(40);
    ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace redstart::test
