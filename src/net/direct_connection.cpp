// SPDX-License-Identifier: Apache-2.0
// direct_connection.cpp: exchanges commands and batches on a direct connection.
#include "direct_connection.hpp"

#include "../core/probes.hpp"
#include "../engine/refusal.hpp"
#include "../protocol/authentication_command.hpp"
#include "../resp/scanner.hpp"
#include "reception.hpp"
#include "send_plan.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace redstart::inline v0::net {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t large_send = 64 * 1024;
// A wait may end this much after its deadline. The tolerance saves a system call per exchange.
constexpr auto slack = 50ms;

class Ignored final : public engine::ReplySink {
 public:
  void frame(std::string_view) override {}
};

}  // namespace

std::optional<CloseReason> DirectConnection::close_reason(TimePoint now) const noexcept {
  if (just_used(now)) return std::nullopt;
  char first = 0;
  const IoResult result = socket_.peek(first);
  if (result.error == EAGAIN)
    return socket_.holds_bytes() ? std::optional(CloseReason::desync) : std::nullopt;
  return result.bytes == 0 ? CloseReason::stale : protocol::unsolicited_reason(first);
}

std::optional<CloseReason> DirectConnection::close_reason_beside_pushes(TimePoint now) {
  constexpr int max_rounds = 64;  // during a flood, the deadline of the exchange ends it
  for (int round = 0; round != max_rounds; ++round) {
    if (const auto found = close_reason(now); found != CloseReason::stale) return found;
    char bytes[4096];
    const IoResult there = socket_.peek(bytes, sizeof bytes);
    if (there.bytes == 0 || bytes[0] != '>') return CloseReason::stale;
    const std::string_view view(bytes, there.bytes);
    resp::Scanner scanner(config_.limits);
    std::size_t whole = 0;
    while (whole != view.size() && scanner.scan(view) == resp::Scanner::Status::complete &&
           scanner.type() == resp::Type::push) {
      whole = scanner.position();
      ++pushes_;
    }
    // Bytes behind an incomplete push, or beyond this buffer, are not visible.
    if (whole == 0) return CloseReason::stale;
    static_cast<void>(socket_.receive_some(bytes, whole));
  }
  return std::nullopt;
}

int DirectConnection::send_all(const engine::Outgoing& out, TimePoint deadline, bool& sent_all) {
  SendPlan plan(out);
  if (plan.size() >= large_send)
    socket_.arm_send(std::max<std::chrono::nanoseconds>(deadline - Clock::now(), 1ms));
  while (!plan.done()) {
    const IoResult result = plan.simple() ? socket_.send(plan.bytes()) : socket_.send(plan.pieces());
    if (result.error == EAGAIN && socket_.tls() != nullptr) {
      if (socket_.wait_writable(deadline)) continue;
      return EAGAIN;
    }
    if (result.error != 0) return result.error;
    plan.advance(result.bytes);
    // A short write means that the call has waited: compute the remaining time anew.
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

// Receives at least one byte. `now` is the caller's last reading of the clock; it is updated after each wait.
int DirectConnection::receive_more(engine::ReplyBuffer& buffer, TimePoint& now, Patience& patience) {
  for (;;) {
    const auto remaining = patience.deadline - now;
    if (remaining <= 0ns) return receive_late(buffer, now, patience);
    if (remaining + slack < armed_) arm_receive(remaining);
    const IoResult result = socket_.receive(buffer.end(), buffer.space());
    if (result.bytes != 0) {
      buffer.commit(result.bytes);
      return 0;
    }
    if (result.error == 0) return end_of_stream;
    if (result.error != EAGAIN) return result.error;
    now = Clock::now();  // interrupted by a signal, or armed for an earlier, shorter deadline
    if (now < patience.deadline) arm_receive(patience.deadline - now);
  }
}

// Receives after the deadline. A wait that ended late shows for how long the process did not run. Bytes that
// the peer could not send during that time get as much time to arrive.
int DirectConnection::receive_late(engine::ReplyBuffer& buffer, TimePoint now, Patience& patience) {
  if (patience.last == TimePoint{}) {
    patience.last = now + std::max<Clock::duration>(now - patience.deadline - slack, 0ns);
    patience.arrived = socket_.arrived();
  } else if (patience.arrived == 0 && now >= patience.last) {
    return EAGAIN;
  }
  for (;;) {
    const IoResult result = socket_.receive_some(buffer.end(), buffer.space());
    if (result.bytes != 0) {
      buffer.commit(result.bytes);
      patience.arrived -= std::min(patience.arrived, result.bytes);
      return 0;
    }
    if (result.error != EAGAIN) return result.error == 0 ? end_of_stream : result.error;
    patience.arrived = 0;
    if (Clock::now() >= patience.last || !socket_.wait_readable(patience.last)) return EAGAIN;
  }
}

Outcome DirectConnection::ping(TimePoint now, TimePoint deadline) {
  Ignored ignored;
  return exchange({"*1\r\n$4\r\nPING\r\n", {}}, ignored, now, deadline);
}

Outcome DirectConnection::authenticate(const protocol::ProvidedCredentials& with, TimePoint now,
                                       TimePoint deadline) {
  const Secret command = protocol::authentication_command(with.credentials);
  Outcome outcome;
  if (!command.empty()) {
    Ignored ignored;
    outcome = exchange({command.reveal(), {}}, ignored, now, deadline);
  }
  if (outcome.kind == Outcome::Kind::answered) renewal_.authenticated(with.term);
  return outcome;
}

Outcome DirectConnection::exchange(const engine::Outgoing& out, engine::ReplySink& sink, TimePoint now,
                                   TimePoint deadline) {
  if (now >= deadline) return protocol::deadline_passed(now);
  REDSTART_PROBE(submit, 0, this, out.bytes.size());
  bool sent_all = false;
  if (const int error = send_all(out, deadline, sent_all); error != 0) [[unlikely]]
    return not_sent(out, sink, now, deadline, error);
  REDSTART_PROBE(sent, 0, this, out.bytes.size());
  Reception reception(*this, out, sink, now, deadline);
  Outcome outcome = reception.run();
  ++exchanges_;
  last_used_ = outcome.end;
  return outcome;
}

// The server may have refused the command before all of it was sent, and closed the connection then.
Outcome DirectConnection::not_sent(const engine::Outgoing& out, engine::ReplySink& sink, TimePoint now,
                                   TimePoint deadline, int error) {
  if (!socket_.interrupted()) {
    Reception reception(*this, out, sink, now, deadline);
    if (auto refusal = reception.arrived_refusal()) return *std::move(refusal);
  }
  return protocol::broken_by(error, socket_.interrupted(), Effect::not_sent, Clock::now());
}

Outcome DirectConnection::exchange_batch(const engine::Batch& batch, engine::Replies& replies, TimePoint now,
                                         TimePoint deadline) {
  REDSTART_PROBE(submit, 0, this, batch.bytes.view().size());
  Outcome outcome = run_batch(batch, replies, now, deadline);
  if (replies.frames.size() == batch.size()) REDSTART_PROBE(decoded, 0, this, replies.bytes.size());
  engine::replace_refusals(replies, batch, config_);
  return outcome;
}

Outcome DirectConnection::run_batch(const engine::Batch& batch, engine::Replies& replies, TimePoint now,
                                    TimePoint deadline) {
  constexpr std::size_t read_size = 16 * 1024;
  // The size of a server's read: it executes the first part while the kernel accepts the rest.
  constexpr std::size_t first_send = 16 * 1024;
  // Room for usual replies, so that one call takes all that has arrived.
  constexpr std::size_t usual_reply = 64;
  constexpr std::size_t largest_start = 64 * 1024;
  const std::string_view bytes = batch.bytes.view();
  const std::size_t commands = batch.size();
  engine::ReplyBuffer& buffer = replies.bytes;
  resp::Scanner scanner(config_.limits);
  std::size_t sent = 0;
  std::size_t got = replies.frames.size();
  bool arrived = false;      // bytes of a reply
  std::size_t answered = 0;  // end of the last reply of the batch, or of a push behind it
  Patience patience{deadline};
  replies.frames.reserve(commands);
  buffer.reserve(std::min(commands * usual_reply, largest_start));

  const auto give_up = [&](Outcome outcome) {
    replies.sent = batch.commands.sent(sent);
    return outcome;
  };
  const auto lost = [&](int error) {
    return give_up(protocol::broken_by(error, socket_.interrupted(),
                                       sent == bytes.size() ? Effect::indeterminate : Effect::not_sent,
                                       Clock::now()));
  };

  if (now >= deadline) return give_up(protocol::deadline_passed(now));
  int send_error = 0;
  while (got < commands) {
    bool progress = false;
    if (sent < bytes.size() && send_error == 0) {
      const IoResult result = socket_.send_some(bytes.substr(sent, sent == 0 ? first_send : bytes.size()));
      if (result.error != EAGAIN) send_error = result.error;
      sent += result.bytes;
      if (result.bytes != 0) REDSTART_PROBE(sent, 0, this, result.bytes);
      progress = result.bytes != 0;
    }
    if (buffer.space() < read_size / 4)
      buffer.reserve(std::max(read_size, std::min(scanner.wanted(), buffer.size())));
    if (sent == bytes.size()) {
      if (const int error = receive_more(buffer, now, patience); error != 0) return lost(error);
    } else {
      const IoResult result = socket_.receive_some(buffer.end(), buffer.space());
      if (result.error == 0 && result.bytes == 0) return lost(end_of_stream);
      if (result.error != 0 && result.error != EAGAIN) return lost(result.error);
      buffer.commit(result.bytes);
      if (result.bytes == 0) {
        if (send_error != 0) return lost(send_error);  // the replies that arrived before were read
        if (!progress && !socket_.wait_readable_or_writable(deadline)) return lost(EAGAIN);
        continue;
      }
    }
    if (!std::exchange(arrived, true)) REDSTART_PROBE(first_byte, 0, this, buffer.size());
    for (auto status = scanner.scan(buffer.view()); status != resp::Scanner::Status::incomplete;
         status = scanner.scan(buffer.view())) {
      if (status == resp::Scanner::Status::fault)
        return give_up(protocol::not_resp(scanner, buffer.view(), Clock::now()));
      if (scanner.type() == resp::Type::push) {
        ++pushes_;
      } else if (got < commands) {
        // Before the whole command was sent, only an error reply can be its reply.
        if (sent != bytes.size() && sent < batch.commands.entries[got].end && !resp::is_error(scanner.type()))
            [[unlikely]]
          return give_up(protocol::unsolicited_reply(Clock::now()));
        replies.frames.push_back({scanner.begin(), scanner.position() - scanner.begin()});
        ++got;
        if (resp::is_error(scanner.type())) ++replies.errors;
      } else {
        break;  // more replies than commands
      }
      answered = scanner.position();
    }
    if (got < commands) {
      now = Clock::now();
      if (now >= deadline && sent < bytes.size()) return lost(EAGAIN);
    }
  }
  replies.sent = commands;
  Outcome outcome;
  const bool nothing_left = answered == buffer.size();
  // A server may refuse the last command before all of it was sent. The rest would precede the next command.
  outcome.reusable = nothing_left && sent == bytes.size() && !socket_.holds_bytes();
  if (!outcome.reusable)
    outcome.reason =
        nothing_left ? CloseReason::desync : protocol::unsolicited_reason(buffer.view()[answered]);
  outcome.end = Clock::now();
  ++exchanges_;
  last_used_ = outcome.end;
  return outcome;
}

}  // namespace redstart::inline v0::net
