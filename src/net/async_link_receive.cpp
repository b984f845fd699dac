// SPDX-License-Identifier: Apache-2.0
// async_link_receive.cpp: from the kernel to the operations: whole replies, each to the one it belongs to.
#include "async_link.hpp"
#include "async_link_opening.hpp"
#include "async_link_turn.hpp"
#include "refusal.hpp"

#include "../engine/secret_arguments.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace redstart::inline v0::net {

namespace {

constexpr std::size_t most_a_turn = std::size_t{256} * 1024;
constexpr std::size_t least_room = std::size_t{4} * 1024;

}  // namespace

// Keeps what was not delivered, also when users' code throws: the next turn goes on behind it.
class AsyncLink::KeepRest {
 public:
  KeepRest(AsyncLink& link, engine::ReplyBuffer& window, const char* lent) noexcept
      : link_(link), window_(window), lent_(lent), epoch_(link.epoch_) {}
  KeepRest(const KeepRest&) = delete;
  KeepRest& operator=(const KeepRest&) = delete;
  ~KeepRest() {
    if (epoch_ != link_.epoch_) return;  // closed
    if (!done_) link_.more_to_read_ = true;
    link_.drop_delivered(window_);
    if (window_.size() == 0) return;
    if (window_.view().data() != lent_) {
      link_.partial_ = std::move(window_);
      return;
    }
    engine::ReplyBuffer copy;
    copy.reserve(window_.size());
    std::memcpy(copy.end(), window_.view().data(), window_.size());
    copy.commit(window_.size());
    link_.partial_ = std::move(copy);
  }
  void done() noexcept { done_ = true; }

 private:
  AsyncLink& link_;
  engine::ReplyBuffer& window_;
  const char* lent_;
  std::uint64_t epoch_;
  bool done_ = false;
};

void AsyncLink::start_reading() {
  if (!socket_ || reading_ || more_to_read_) return;
  if (state_ == State::opening &&
      (opening_->phase == Opening::Phase::connect || opening_->phase == Opening::Phase::tls))
    return;
  reading_ = true;
  if (tls_) {
    // Nothing is left inside of TLS: what was there has been read, or another turn is posted for it.
    socket_->async_wait(
        Socket::wait_read,
        LinkHandler{self(), &read_slot_, [epoch = epoch_](AsyncLink& link, const boost::system::error_code&) {
                      if (epoch != link.epoch_) return;
                      link.turn([&link, epoch] {
                        if (epoch == link.epoch_) link.on_readable();
                      });
                    }});
    return;
  }
  socket_->async_read_some(
      boost::asio::buffer(inline_),
      LinkHandler{self(), &read_slot_,
                  [epoch = epoch_](AsyncLink& link, const boost::system::error_code& error, std::size_t n) {
                    if (epoch != link.epoch_) return;
                    const int code = error == boost::asio::error::eof ? end_of_stream : error.value();
                    link.turn([&link, epoch, code, n] {
                      if (epoch == link.epoch_) link.on_read(code, n);
                    });
                  }});
}

void AsyncLink::on_readable() {
  reading_ = false;
  if (state_ == State::opening) return handshake_readable();
  last_used_.store(now_.time_since_epoch().count(), std::memory_order_relaxed);
  go_on_receiving();
}

void AsyncLink::on_read(int error, std::size_t n) {
  reading_ = false;
  if (state_ == State::opening) {
    if (error != 0) return open_failed(handshake_lost(error));
    return handshake_received(n);
  }
  if (error != 0) return lose(broken_by(error, false, Effect::none));
  received(n);
}

// `n` bytes have come into the inline buffer. If they fill it, there is probably more.
void AsyncLink::received(std::size_t n) {
  last_used_.store(now_.time_since_epoch().count(), std::memory_order_relaxed);
  const bool more = n == inline_size;
  if (partial_.size() == 0 && !more) {
    engine::ReplyBuffer window(inline_, inline_size);
    window.commit(n);
    return receive(std::move(window), inline_, false);
  }
  const auto append = [this, n](engine::ReplyBuffer& window) {
    window.reserve(n);
    std::memcpy(window.end(), inline_, n);
    window.commit(n);
  };
  if (partial_.size() != 0) {
    engine::ReplyBuffer window = std::move(partial_);
    append(window);
    return receive(std::move(window), nullptr, more);
  }
  const Scratch scratch;
  engine::ReplyBuffer window(scratch.data(), Scratch::size);
  append(window);
  receive(std::move(window), scratch.data(), true);
}

void AsyncLink::go_on_receiving() {
  more_to_read_ = false;
  if (partial_.size() != 0) return receive(std::move(partial_), nullptr, true);
  const Scratch scratch;
  receive(engine::ReplyBuffer(scratch.data(), Scratch::size), scratch.data(), true);
}

// Delivers what is in the window, then receives more into it while there is `more`. `lent`: its memory, when
// that is not its own.
void AsyncLink::receive(engine::ReplyBuffer window, const char* lent, bool more) {
  KeepRest rest(*this, window, lent);
  for (std::size_t left = most_a_turn;;) {
    if (!deliver(window)) return;
    if (!more) break;
    if (left == 0) return;  // others on this loop have their turn
    drop_delivered(window);
    // Never more than doubles what has arrived, whatever a reply declares.
    if (window.space() < least_room) window.reserve(least_room);
    const std::size_t wanted = std::min(window.space(), left);
    const IoResult result = pull(window.end(), wanted);
    if (result.error == EAGAIN) break;
    if (result.bytes == 0)
      return lose(broken_by(result.error == 0 ? end_of_stream : result.error, false, Effect::none));
    window.commit(result.bytes);
    left -= result.bytes;
    more = result.bytes == wanted;
  }
  if (ring_.empty() && tls_ && tls_->holds_bytes()) return lose(unasked_reply());
  rest.done();
}

void AsyncLink::drop_delivered(engine::ReplyBuffer& window) {
  const std::size_t n = std::exchange(delivered_, 0);
  if (n == 0) return;
  window.discard(n);
  scanner_.discard(n);
  for (Held& held : held_) {
    held.begin -= n;
    held.end -= n;
  }
}

// Every complete reply in the window. False when the connection had to be closed.
bool AsyncLink::deliver(engine::ReplyBuffer& window) {
  const std::string_view bytes = window.view();
  if (held_done_ != 0) deliver_held(bytes);
  while (scanner_.position() != bytes.size()) {
    switch (scanner_.scan(bytes)) {
      case resp::Scanner::Status::incomplete:
        if (!ring_.empty() || bytes[scanner_.begin()] == '>') return true;
        lose(unasked_reply());
        return false;
      case resp::Scanner::Status::fault: lose(CloseReason::protocol, not_resp(scanner_, bytes)); return false;
      case resp::Scanner::Status::complete: break;
    }
    if (scanner_.type() == resp::Type::push) [[unlikely]] {
      ++pushes_;
      if (held_.empty()) {
        delivered_ = scanner_.position();
      } else if ((held_pushes_ += scanner_.position() - scanner_.begin()) > scanner_.limits().push) {
        Outcome outcome = unasked_reply();
        outcome.text = "the server sent push messages without end between replies";
        lose(CloseReason::protocol, std::move(outcome));
        return false;
      }
      continue;
    }
    if (is_early(scanner_.type())) [[unlikely]] {
      lose(unasked_reply());
      return false;
    }
    if (config_.integrity) {
      if (!hold(bytes)) return false;
      continue;
    }
    delivered_ = scanner_.position();
    deliver_frame(bytes.substr(scanner_.begin(), delivered_ - scanner_.begin()), scanner_.type(),
                  delivered_ == bytes.size());
  }
  return true;
}

// True for a reply that no command had asked for when it was sent: none is in flight, or the last byte of the
// command has not left. Such a command the server can only refuse.
bool AsyncLink::is_early(resp::Type type) noexcept {
  if (ring_.empty()) return true;
  if (written_ == gathered_) [[likely]]
    return false;  // all that is in flight has left
  const InFlight::Entry& entry = held_.empty() ? ring_.front() : ring_[held_entry_];
  const std::uint32_t replies = entry.replies - (held_.empty() ? 0 : held_replies_);
  return entry.end > written_ && replies == 1 && !resp::is_error(type);
}

// `last`: nothing more has come so far. Nothing of this object may be relied on to be as before, after
// `complete`.
void AsyncLink::deliver_frame(std::string_view frame, resp::Type type, bool last) {
  const Node* const node = ring_.front().node;
  if (!resp::is_error(type) || node == nullptr) [[likely]]
    return hand_over(frame, type, last);
  // From here on nobody sees more of it than messages may show.
  const std::string shown = refusal_frame(frame, {answered_command(*node), {}}, config_);
  if (!refused(shown, last)) hand_over(shown, type, last);
}

// The command whose reply is next, with those behind it.
std::string_view AsyncLink::answered_command(const Node& node) noexcept {
  const std::string_view all = node.request.bytes.view();
  if (node.answered == 0) return all;
  if (refused_.node != &node || refused_.sequence != node.sequence || refused_.command > node.answered)
    refused_ = {&node, node.sequence, 0, 0};
  const std::string_view rest =
      engine::skip_commands(all.substr(refused_.begin), node.answered - refused_.command);
  refused_.command = node.answered;
  refused_.begin = all.size() - rest.size();
  return rest;
}

void AsyncLink::hand_over(std::string_view frame, resp::Type type, bool last) {
  InFlight::Entry& entry = ring_.front();
  Node* const node = entry.node;
  const bool complete_now = --entry.replies == 0;
  if (node != nullptr) {
    if (node->start != run_start_) report_answers();
    run_start_ = node->start;
    run_commands_ += node->unguarded ? 0U : 1U;
    if (resp::is_error(type)) [[unlikely]]
      run_errors_ += node->unguarded ? 0U : 1U;
    ++node->answered;
    node->accept(frame, origin_);
  } else if (!std::exchange(checking_, false) && complete_now) {  // while that is true, nothing else is there
    given_up_.store(given_up() - 1, std::memory_order_relaxed);
  }
  if (complete_now) {
    held_back_ -= entry.waits ? 1U : 0U;
    ring_.pop();
    head_since_ = now_;
  }
  // Whoever is told of the last reply finds it counted.
  if (last) report_answers();
  if (complete_now && node != nullptr) complete(*node);
}

void AsyncLink::report_answers() {
  if (run_commands_ == 0) return;
  const std::size_t errors = std::exchange(run_errors_, 0);
  owner_->answered(*this, std::exchange(run_commands_, 0), errors, now_ - run_start_);
}

// --- integrity

void AsyncLink::nonce_text(char* into, std::uint64_t nonce) noexcept {
  for (int digit = 15; digit >= 0; --digit, nonce >>= 4) into[digit] = "0123456789abcdef"[nonce & 15];
}

// Keeps a reply back until that of the fence behind its batch has come: if one was swallowed, repeated or
// invented before, the fence's is not where it should be. False when the connection had to be closed.
bool AsyncLink::hold(std::string_view bytes) {
  if (held_.empty()) {
    held_entry_ = ring_.begin();
    held_replies_ = 0;
  }
  const InFlight::Entry& entry = ring_[held_entry_];
  const std::size_t end = scanner_.position();
  if (entry.fence == 0) {
    held_.push_back({scanner_.begin(), end, scanner_.type()});
    if (++held_replies_ == entry.replies) {
      ++held_entry_;
      held_replies_ = 0;
      head_since_ = now_;
    }
    return true;
  }
  char nonce[16];
  nonce_text(nonce, entry.fence);
  const std::string_view frame = bytes.substr(scanner_.begin(), end - scanner_.begin());
  if (frame.size() != 23 || !frame.starts_with("$16\r\n") ||
      frame.substr(5, 16) != std::string_view(nonce, 16)) {
    Outcome outcome;
    outcome.code = Errc::protocol_error;
    outcome.text = "the replies do not belong to the commands that were sent (integrity)";
    lose(CloseReason::desync, std::move(outcome));
    return false;
  }
  held_.push_back({scanner_.begin(), end, scanner_.type()});
  held_done_ = held_.size();
  deliver_held(bytes);
  return true;
}

// The batch is proven: its replies, one after the other, then the fence. `held_done_` says how many are left,
// for the case that users' code throws.
void AsyncLink::deliver_held(std::string_view bytes) {
  while (held_done_ != 0) {
    const Held held = held_[held_.size() - held_done_];
    if (--held_done_ == 0) {
      held_.clear();
      held_pushes_ = 0;
      delivered_ = held.end;
      ring_.pop();
      head_since_ = now_;
      report_answers();
      return;
    }
    delivered_ = held.end;
    deliver_frame(bytes.substr(held.begin, held.end - held.begin), held.type, held_done_ == 1);
  }
}

}  // namespace redstart::inline v0::net
