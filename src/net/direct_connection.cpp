// SPDX-License-Identifier: Apache-2.0
// direct_connection.cpp: opening a connection, and the two kinds of exchange on it.
#include "direct_connection.hpp"

#include "handshake_gate.hpp"
#include "resolver.hpp"
#include "send_plan.hpp"

#include <redstart/resp/error_text.hpp>
#include <redstart/resp/scanner.hpp>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

namespace redstart::net {

namespace {

using namespace std::chrono_literals;

constexpr int end_of_stream = -1;
constexpr std::size_t stack_buffer = 16 * 1024;
constexpr std::size_t streaming_buffer = 64 * 1024;
constexpr std::size_t large_bulk = 64 * 1024;
constexpr std::size_t large_send = 64 * 1024;
// How much later than its deadline a wait may end; spares a system call for every exchange.
constexpr auto slack = 50ms;
// A connection that was used this lately is taken to be open still.
constexpr auto surely_fresh = 1ms;

// What the peer's first bytes looked like, for the message; nothing but printable ASCII.
std::string excerpt(std::string_view bytes) {
  std::string text;
  for (const char c : bytes.substr(0, 24)) text += c >= ' ' && c <= '~' ? c : '.';
  return text;
}

Outcome broken(Errc code, Effect effect, CloseReason reason, std::string text) {
  Outcome outcome;
  outcome.kind = Outcome::Kind::broken;
  outcome.code = code;
  outcome.effect = effect;
  outcome.reason = reason;
  outcome.reusable = false;
  outcome.text = std::move(text);
  outcome.end = Clock::now();
  return outcome;
}

Outcome broken_by(int error, bool interrupted, Effect effect) {
  if (interrupted) return broken(Errc::closed, effect, CloseReason::shutdown, "interrupted by shutdown");
  if (error == EAGAIN) return broken(Errc::timeout, effect, CloseReason::timeout, "no complete reply");
  if (error == end_of_stream)
    return broken(Errc::connection_lost, effect, CloseReason::lost, "the server closed the connection");
  return broken(Errc::connection_lost, effect, CloseReason::lost,
                "connection lost (" + error_text(error) + ")");
}

Outcome too_late() {
  return broken(Errc::timeout, Effect::not_sent, CloseReason::timeout, "no time was left to send it");
}

Outcome not_resp(const resp::Scanner& scanner, std::string_view bytes) {
  const std::string_view near = bytes.substr(std::min(scanner.begin(), bytes.size()));
  return broken(Errc::protocol_error, Effect::indeterminate, CloseReason::protocol,
                "the peer's answer is not RESP (" + std::string(to_string(scanner.fault())) + " at \"" +
                    excerpt(near) + "\")");
}

OpenFailure connect_failure(int error, bool interrupted) {
  if (interrupted) return {Errc::closed, Remedy::never, "interrupted by shutdown", {}};
  switch (error) {
    case ECONNREFUSED: return {Errc::connect_refused, Remedy::retry, "connection refused", {}};
    case ETIMEDOUT: return {Errc::connect_timeout, Remedy::retry, "no answer to the connection attempt", {}};
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:
      return {Errc::resource_exhausted, Remedy::retry, "out of resources (" + error_text(error) + ")", {}};
    default: return {Errc::connect_failed, Remedy::retry, "can't connect (" + error_text(error) + ")", {}};
  }
}

}  // namespace

// Receives one reply and hands it to a sink in the way that suits its size.
class DirectConnection::Reception {
 public:
  Reception(DirectConnection& connection, engine::ReplySink& sink, Time now, Time deadline) noexcept
      : connection_(connection),
        sink_(sink),
        now_(now),
        deadline_(deadline),
        scanner_(connection.config_.limits) {}
  Reception(const Reception&) = delete;
  Reception& operator=(const Reception&) = delete;

  Outcome run() {
    for (;;) {
      switch (scanner_.scan(buffer_.view())) {
        case resp::Scanner::Status::fault: return not_resp(scanner_, buffer_.view());
        case resp::Scanner::Status::complete:
          if (scanner_.type() != resp::Type::push) return deliver();
          ++connection_.pushes_;
          drop(scanner_.position());
          continue;
        case resp::Scanner::Status::incomplete: break;
      }
      if (const int error = advance(); error != 0)
        return broken_by(error, connection_.socket_.interrupted(), Effect::indeterminate);
    }
  }

 private:
  // The reply is not complete: decides where its next bytes go, and receives some.
  int advance() {
    if (!asked_) {
      if (const auto bulk = scanner_.bulk(); bulk && bulk->size >= large_bulk) {
        asked_ = true;
        bulk_ = sink_.begin_bulk(bulk->size);
        if (bulk_ != nullptr) return receive_bulk(*bulk);
      } else if (const auto sequence = scanner_.sequence();
                 sequence && sequence->type != resp::Type::push && buffer_.space() == 0) {
        asked_ = true;
        streaming_ = sink_.begin_elements(sequence->type, sequence->declared);
        if (streaming_) {
          drop(sequence->begin);
          if (buffer_.size() < streaming_buffer) buffer_.reserve(streaming_buffer - buffer_.size());
        }
      }
    }
    if (streaming_) take_elements();
    if (buffer_.space() == 0) buffer_.reserve(1);
    return receive(buffer_);
  }

  // The deadline is for the whole reply, however steadily its bytes come.
  int receive(engine::ReplyBuffer& into) {
    if (received_) {
      now_ = Clock::now();
      if (now_ >= deadline_) return EAGAIN;
    }
    received_ = true;
    return connection_.receive_more(into, now_, deadline_);
  }

  void take_elements() {
    const auto sequence = scanner_.sequence();
    if (!sequence || sequence->end <= sequence->begin) return;
    const std::size_t taken =
        sink_.elements(buffer_.view().substr(sequence->begin, sequence->end - sequence->begin));
    drop(sequence->begin + taken);
  }

  int receive_bulk(const resp::Scanner::Bulk& bulk) {
    bulk_->append(buffer_.view().substr(bulk.begin, bulk.size - bulk.missing));
    drop(scanner_.position());
    for (std::size_t missing = bulk.missing; missing != 0;) {
      const auto into = bulk_->prepare();
      engine::ReplyBuffer window(into.data(), std::min(into.size(), missing));
      if (const int error = receive(window); error != 0) return error;
      bulk_->commit(window.size());
      scanner_.bulk_received(window.size());
      missing -= window.size();
    }
    return 0;
  }

  Outcome deliver() {
    Outcome outcome;
    const std::string_view frame =
        buffer_.view().substr(scanner_.begin(), scanner_.position() - scanner_.begin());
    if (resp::is_error(scanner_.type())) {
      outcome.kind = Outcome::Kind::refused;
      outcome.text = resp::error_text(frame);
    } else if (bulk_ != nullptr) {
      sink_.end_bulk();
    } else if (streaming_) {
      sink_.elements(buffer_.view().substr(0, scanner_.position()));
      sink_.end_elements();
    } else {
      sink_.frame(frame);
    }
    outcome.reusable = nothing_left();
    if (!outcome.reusable) outcome.reason = CloseReason::protocol;
    outcome.end = Clock::now();
    return outcome;
  }

  // Behind the reply only whole pushes may stand: anything else would be taken for the next caller's reply.
  bool nothing_left() {
    while (scanner_.position() != buffer_.size()) {
      if (scanner_.scan(buffer_.view()) != resp::Scanner::Status::complete) return false;
      if (scanner_.type() != resp::Type::push) return false;
      ++connection_.pushes_;
    }
    return true;
  }

  void drop(std::size_t n) noexcept {
    buffer_.discard(n);
    scanner_.discard(n);
  }

  DirectConnection& connection_;
  engine::ReplySink& sink_;
  Time now_;
  Time deadline_;
  char stack_[stack_buffer];
  engine::ReplyBuffer buffer_{stack_, sizeof stack_};
  resp::Scanner scanner_;
  resp::StringReceiver* bulk_ = nullptr;
  bool received_ = false;
  bool asked_ = false;
  bool streaming_ = false;
};

std::optional<OpenFailure> DirectConnection::open(Time deadline) {
  const HandshakeGate::Pass pass = HandshakeGate::process().enter(deadline);
  if (!pass)
    return OpenFailure{Errc::connect_timeout, Remedy::retry, "too many connections are being opened", {}};
  if (auto failure = connect(deadline)) return failure;
  if (auto failure = handshake(deadline)) {
    socket_.close();
    loading_.store(false, std::memory_order_relaxed);
    return failure;
  }
  loading_.store(false, std::memory_order_relaxed);
  last_used_ = Clock::now();
  return std::nullopt;
}

std::optional<OpenFailure> DirectConnection::connect(Time deadline) {
  const Resolved resolved = resolve(config_.endpoint, deadline);
  if (resolved.addresses.empty()) return OpenFailure{Errc::resolve_failed, Remedy::retry, resolved.error, {}};
  const SocketOptions options{config_.keepalive, config_.timeouts.command};
  int error = ETIMEDOUT;
  for (std::size_t i = 0; i < resolved.addresses.size(); ++i) {
    const Time now = Clock::now();
    if (now >= deadline) break;
    const auto slice = (deadline - now) / static_cast<Clock::rep>(resolved.addresses.size() - i);
    error = socket_.connect(resolved.addresses[i], options, now + slice);
    if (error == 0 || socket_.interrupted()) break;
  }
  if (error != 0) return connect_failure(error, socket_.interrupted());
  armed_ = config_.timeouts.command;
  socket_.arm_receive(armed_);
  socket_.arm_send(armed_);
  return std::nullopt;
}

std::optional<OpenFailure> DirectConnection::handshake(Time deadline) {
  const protocol::HandshakeSettings settings{config_.username, config_.password.reveal(), client_name_,
                                             config_.number, config_.protocol};
  protocol::HandshakeFsm machine(settings);
  char stack[4096];
  engine::ReplyBuffer buffer(stack, sizeof stack);
  resp::Scanner scanner(config_.limits);
  using Kind = protocol::HandshakeFsm::Action::Kind;

  const auto lost = [&](int error) -> OpenFailure {
    if (socket_.interrupted()) return connect_failure(ECANCELED, true);
    if (error == EAGAIN && machine.loading())
      return {Errc::loading, Remedy::retry, "the server is still loading its data set", {}};
    if (error == EAGAIN) return {Errc::connect_timeout, Remedy::retry, "no answer to the handshake", {}};
    if (error == end_of_stream)
      return {
          Errc::handshake_failed, Remedy::retry, "the server closed the connection during the handshake", {}};
    return {Errc::handshake_failed,
            Remedy::retry,
            "connection lost during the handshake (" + error_text(error) + ")",
            {}};
  };

  auto action = machine.start();
  for (;;) {
    switch (action.kind) {
      case Kind::ready:
        if (scanner.position() != buffer.size())
          return OpenFailure{
              Errc::protocol_error, Remedy::never, "the server sent more than it was asked for", {}};
        return std::nullopt;
      case Kind::fail: {
        const auto& failure = machine.failure();
        const std::string what =
            failure.code == Errc::protocol_error ? "no Redis server answers so to " : "the server refused ";
        return OpenFailure{failure.code, failure.remedy, what + std::string(failure.step), failure.server};
      }
      case Kind::wait: {
        loading_.store(machine.loading(), std::memory_order_relaxed);
        if (Clock::now() + action.delay >= deadline) return lost(EAGAIN);
        static_cast<void>(
            socket_.wait_readable(Clock::now() + action.delay));  // ends early when the server goes away
        action = machine.on_delay();
        continue;
      }
      case Kind::send: {
        bool sent = false;
        const int error = send_all({action.bytes, {}}, deadline, sent);
        if (error == EAGAIN || socket_.interrupted()) return lost(error);
        break;  // a server that closes at once (maxclients) has said why before
      }
      case Kind::receive: break;
    }
    for (;;) {
      const auto status = scanner.scan(buffer.view());
      if (status == resp::Scanner::Status::fault)
        return OpenFailure{Errc::protocol_error, Remedy::never, not_resp(scanner, buffer.view()).text, {}};
      if (status == resp::Scanner::Status::complete) {
        if (scanner.type() != resp::Type::push) break;
        ++pushes_;
        continue;
      }
      if (buffer.space() == 0) buffer.reserve(1);
      Time now = Clock::now();
      if (now >= deadline) return lost(EAGAIN);  // however steadily bytes come
      if (const int error = receive_more(buffer, now, deadline); error != 0) return lost(error);
    }
    action = machine.on_reply(buffer.view().substr(scanner.begin(), scanner.position() - scanner.begin()));
  }
}

bool DirectConnection::fresh(Time now) const noexcept {
  return now - last_used_ < surely_fresh || socket_.quiet();
}

int DirectConnection::send_all(const engine::Outgoing& out, Time deadline, bool& sent_all) {
  SendPlan plan(out);
  if (plan.size() >= large_send)
    socket_.arm_send(std::max<std::chrono::nanoseconds>(deadline - Clock::now(), 1ms));
  while (!plan.done()) {
    const IoResult result = plan.simple() ? socket_.send(plan.bytes()) : socket_.send(plan.pieces());
    if (result.error != 0) return result.error;
    plan.advance(result.bytes);
    // A short write means that it waited: how much longer it may is counted from now.
    if (!plan.done()) {
      const auto remaining = deadline - Clock::now();
      if (remaining <= 0ns) return EAGAIN;
      socket_.arm_send(remaining);
    }
  }
  sent_all = true;
  return 0;
}

void DirectConnection::arm_receive(std::chrono::nanoseconds remaining) noexcept {
  armed_ = std::max<std::chrono::nanoseconds>(remaining, 1us);
  socket_.arm_receive(armed_);
}

// Receives at least one byte. `now` is the caller's last reading of the clock and is renewed whenever it came
// to waiting.
int DirectConnection::receive_more(engine::ReplyBuffer& buffer, Time& now, Time deadline) {
  for (;;) {
    if (deadline - now + slack < armed_) arm_receive(deadline - now);
    const IoResult result = socket_.receive(buffer.end(), buffer.space());
    if (result.bytes != 0) {
      buffer.commit(result.bytes);
      return 0;
    }
    if (result.error == 0) return end_of_stream;
    if (result.error != EAGAIN) return result.error;
    now = Clock::now();
    if (now >= deadline) return EAGAIN;
    arm_receive(deadline - now);  // interrupted by a signal, or armed for an earlier, shorter deadline
  }
}

Outcome DirectConnection::exchange(const engine::Outgoing& out, engine::ReplySink& sink, Time now,
                                   Time deadline) {
  if (now >= deadline) return too_late();
  bool sent_all = false;
  if (const int error = send_all(out, deadline, sent_all); error != 0)
    return broken_by(error, socket_.interrupted(), Effect::not_sent);
  Reception reception(*this, sink, now, deadline);
  Outcome outcome = reception.run();
  ++exchanges_;
  last_used_ = outcome.end;
  return outcome;
}

Outcome DirectConnection::exchange_batch(std::string_view bytes, std::span<const std::size_t> ends,
                                         engine::Replies& replies, Time now, Time deadline) {
  constexpr std::size_t read_size = 16 * 1024;
  // What a server reads at a time: it works on the first part while the kernel takes the rest.
  constexpr std::size_t first_send = 16 * 1024;
  // Room for usual replies, so that one call takes all that has arrived.
  constexpr std::size_t usual_reply = 64;
  constexpr std::size_t largest_start = 64 * 1024;
  engine::ReplyBuffer& buffer = replies.bytes;
  resp::Scanner scanner(config_.limits);
  std::size_t sent = 0;
  std::size_t answered = 0;  // where the last reply or push ends
  bool unasked = false;      // more replies than commands
  replies.frames.reserve(ends.size());
  buffer.reserve(std::min(ends.size() * usual_reply, largest_start));

  const auto give_up = [&](Outcome outcome) {
    replies.sent = static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), sent) - ends.begin());
    return outcome;
  };
  const auto lost = [&](int error) {
    return give_up(broken_by(error, socket_.interrupted(),
                             sent == bytes.size() ? Effect::indeterminate : Effect::not_sent));
  };

  if (now >= deadline) return give_up(too_late());
  int send_error = 0;
  while (replies.frames.size() < ends.size()) {
    bool progress = false;
    if (sent < bytes.size() && send_error == 0) {
      const IoResult result = socket_.send_some(bytes.substr(sent, sent == 0 ? first_send : bytes.size()));
      if (result.error != EAGAIN) send_error = result.error;
      sent += result.bytes;
      progress = result.bytes != 0;
    }
    if (buffer.space() < read_size / 4)
      buffer.reserve(std::max(read_size, std::min(scanner.wanted(), buffer.size())));
    if (sent == bytes.size()) {
      if (const int error = receive_more(buffer, now, deadline); error != 0) return lost(error);
    } else {
      const IoResult result = socket_.receive_some(buffer.end(), buffer.space());
      if (result.error == 0 && result.bytes == 0) return lost(end_of_stream);
      if (result.error != 0 && result.error != EAGAIN) return lost(result.error);
      buffer.commit(result.bytes);
      if (result.bytes == 0) {
        if (send_error != 0) return lost(send_error);  // what had been answered before is read
        if (!progress && !socket_.wait_readable_or_writable(deadline)) return lost(EAGAIN);
        continue;
      }
    }
    for (auto status = scanner.scan(buffer.view()); status != resp::Scanner::Status::incomplete;
         status = scanner.scan(buffer.view())) {
      if (status == resp::Scanner::Status::fault) return give_up(not_resp(scanner, buffer.view()));
      answered = scanner.position();
      if (scanner.type() == resp::Type::push) {
        ++pushes_;
      } else if (replies.frames.size() < ends.size()) {
        replies.frames.push_back({scanner.begin(), scanner.position() - scanner.begin()});
        if (resp::is_error(scanner.type())) ++replies.errors;
      } else {
        unasked = true;
        break;
      }
    }
    if (replies.frames.size() < ends.size()) {
      now = Clock::now();
      if (now >= deadline) return lost(EAGAIN);
    }
  }
  replies.sent = ends.size();
  Outcome outcome;
  outcome.reusable = !unasked && answered == buffer.size();
  if (!outcome.reusable) outcome.reason = CloseReason::protocol;
  outcome.end = Clock::now();
  ++exchanges_;
  last_used_ = outcome.end;
  return outcome;
}

}  // namespace redstart::net
