// SPDX-License-Identifier: Apache-2.0
// reception.hpp: receives one reply on a direct connection.
#pragma once

#include "../core/probes.hpp"
#include "../engine/refusal.hpp"
#include "../resp/scanner.hpp"
#include "direct_connection.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <optional>

namespace redstart::inline v0::net {

// Receives one reply and passes it to a sink: whole, as elements, or directly into a string if it is large.
class DirectConnection::Reception {
 public:
  Reception(DirectConnection& connection, const engine::Outgoing& command, engine::ReplySink& sink,
            TimePoint now, TimePoint deadline) noexcept
      : connection_(connection),
        command_(command),
        sink_(sink),
        now_(now),
        patience_{deadline},
        scanner_(connection.config_.limits) {}
  Reception(const Reception&) = delete;
  Reception& operator=(const Reception&) = delete;

  /// Called after sending has failed. Returns the error reply that had arrived, because it explains the
  /// failure; empty if there is none.
  std::optional<Outcome> arrived_refusal() {
    for (;;) {
      switch (scanner_.scan(buffer_.view())) {
        case resp::Scanner::Status::fault: return std::nullopt;
        case resp::Scanner::Status::complete:
          if (scanner_.type() == resp::Type::push) {
            ++connection_.pushes_;
            drop(scanner_.position());
            continue;
          }
          // Before the whole command was sent, only an error reply can be its reply.
          if (!resp::is_error(scanner_.type())) return std::nullopt;
          return refused();
        case resp::Scanner::Status::incomplete: break;
      }
      if (buffer_.space() == 0) return std::nullopt;  // no server explains anything at such length
      const IoResult result = connection_.socket_.receive_some(buffer_.end(), buffer_.space());
      if (result.bytes == 0) return std::nullopt;
      buffer_.commit(result.bytes);
    }
  }

  Outcome run() {
    for (;;) {
      switch (scanner_.scan(buffer_.view())) {
        case resp::Scanner::Status::fault: return protocol::not_resp(scanner_, buffer_.view(), Clock::now());
        case resp::Scanner::Status::complete:
          if (scanner_.type() != resp::Type::push) return deliver();
          ++connection_.pushes_;
          drop(scanner_.position());
          continue;
        case resp::Scanner::Status::incomplete: break;
      }
      if (const int error = advance(); error != 0)
        return protocol::broken_by(error, connection_.socket_.interrupted(), Effect::indeterminate,
                                   Clock::now());
    }
  }

 private:
  static constexpr std::size_t stack_buffer = 16 * 1024;
  static constexpr std::size_t streaming_buffer = 64 * 1024;
  static constexpr std::size_t large_bulk = 64 * 1024;

  // The reply is incomplete: decides where its next bytes go, and receives some of them.
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

  // The clock is read before each receive but the first, because the deadline is that of the whole reply.
  int receive(engine::ReplyBuffer& into) {
    const bool first = !received_;
    if (received_) now_ = Clock::now();
    received_ = true;
    const int error = connection_.receive_more(into, now_, patience_);
    if (first && error == 0) REDSTART_PROBE(first_byte, 0, &connection_, into.size());
    return error;
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

  Outcome refused() {
    Outcome outcome = deliver();
    outcome.reusable = false;  // the rest of the command would precede the next one
    outcome.reason = CloseReason::lost;
    return outcome;
  }

  Outcome deliver() {
    Outcome outcome;
    const std::string_view frame =
        buffer_.view().substr(scanner_.begin(), scanner_.position() - scanner_.begin());
    REDSTART_PROBE(decoded, 0, &connection_, bulk_ != nullptr || streaming_ ? 0 : frame.size());
    if (resp::is_error(scanner_.type())) {
      outcome.kind = Outcome::Kind::error_reply;
      outcome.text = engine::refusal_text(frame, command_, connection_.config_);
    } else if (bulk_ != nullptr) {
      sink_.end_bulk();
    } else if (streaming_) {
      sink_.elements(buffer_.view().substr(0, scanner_.position()));
      sink_.end_elements();
    } else {
      sink_.frame(frame);
    }
    const bool empty = nothing_left();
    outcome.reusable = empty && !connection_.socket_.holds_bytes();
    if (!outcome.reusable)
      outcome.reason =
          empty ? CloseReason::desync : protocol::unsolicited_reason(buffer_.view()[scanner_.begin()]);
    outcome.end = Clock::now();
    return outcome;
  }

  // Only whole pushes may follow the reply. Other bytes would be taken for the next caller's reply.
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
  const engine::Outgoing& command_;
  engine::ReplySink& sink_;
  TimePoint now_;
  Patience patience_;
  char stack_[stack_buffer];
  engine::ReplyBuffer buffer_{stack_, sizeof stack_};
  resp::Scanner scanner_;
  resp::StringReceiver* bulk_ = nullptr;
  bool received_ = false;
  bool asked_ = false;
  bool streaming_ = false;
};

}  // namespace redstart::inline v0::net
