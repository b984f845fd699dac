// SPDX-License-Identifier: Apache-2.0
// async_link_receive.cpp: reads replies and delivers each to its operation.
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

constexpr std::size_t max_bytes_per_turn = std::size_t{256} * 1024;
constexpr std::size_t min_room = std::size_t{4} * 1024;

}  // namespace

// Saves undelivered bytes when a turn stops receiving, also if users' code throws. The next turn continues
// there.
class AsyncLink::SaveUndelivered {
 public:
  SaveUndelivered(AsyncLink& link, engine::ReplyBuffer& window, const char* borrowed) noexcept
      : link_(link), window_(window), borrowed_(borrowed), epoch_(link.epoch_) {}
  SaveUndelivered(const SaveUndelivered&) = delete;
  SaveUndelivered& operator=(const SaveUndelivered&) = delete;
  ~SaveUndelivered() {
    if (epoch_ != link_.epoch_) return;  // closed
    if (!done_) link_.more_to_read_ = true;
    link_.drop_delivered(window_);
    if (window_.size() == 0) return;
    if (window_.view().data() != borrowed_) {
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
  const char* borrowed_;
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
    // The TLS session holds no bytes here: they were read, or a turn is posted to read them.
    socket_->async_wait(Socket::wait_read,
                        LinkHandler{self(), &read_memory_,
                                    [epoch = epoch_](AsyncLink& link, const boost::system::error_code&) {
                                      if (epoch != link.epoch_) return;
                                      link.turn([&link, epoch] {
                                        if (epoch == link.epoch_) link.on_readable();
                                      });
                                    }});
    return;
  }
  socket_->async_read_some(
      boost::asio::buffer(inline_),
      LinkHandler{self(), &read_memory_,
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
  continue_receiving();
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

// `n` bytes have arrived in the inline buffer. If they fill it, more are probably there.
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

void AsyncLink::continue_receiving() {
  more_to_read_ = false;
  if (partial_.size() != 0) return receive(std::move(partial_), nullptr, true);
  const Scratch scratch;
  receive(engine::ReplyBuffer(scratch.data(), Scratch::size), scratch.data(), true);
}

// Delivers the replies in the window, then reads into it while there is `more`. `borrowed`: the memory of the
// window if it does not own it.
void AsyncLink::receive(engine::ReplyBuffer window, const char* borrowed, bool more) {
  SaveUndelivered rest(*this, window, borrowed);
  for (std::size_t left = max_bytes_per_turn;;) {
    if (!deliver(window)) return;
    if (!more) break;
    if (left == 0) return;  // let other connections of this loop run
    drop_delivered(window);
    // Grows with the received bytes and not with the declared size, so that a peer can't make it allocate.
    if (window.space() < min_room) window.reserve(min_room);
    const std::size_t wanted = std::min(window.space(), left);
    const IoResult result = read_some(window.end(), wanted);
    if (result.error == EAGAIN) break;
    if (result.bytes == 0)
      return lose(broken_by(result.error == 0 ? end_of_stream : result.error, false, Effect::none));
    window.commit(result.bytes);
    left -= result.bytes;
    more = result.bytes == wanted;
  }
  if (ring_.empty() && tls_ && tls_->holds_bytes()) return lose(unsolicited_reply());
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

// Delivers all complete replies in the window. Returns false if the connection had to be closed.
bool AsyncLink::deliver(engine::ReplyBuffer& window) {
  const std::string_view bytes = window.view();
  if (held_left_ != 0) deliver_held(bytes);
  while (scanner_.position() != bytes.size()) {
    switch (scanner_.scan(bytes)) {
      case resp::Scanner::Status::incomplete:
        if (!ring_.empty() || bytes[scanner_.begin()] == '>') return true;
        lose(unsolicited_reply());
        return false;
      case resp::Scanner::Status::fault: lose(CloseReason::protocol, not_resp(scanner_, bytes)); return false;
      case resp::Scanner::Status::complete: break;
    }
    if (scanner_.type() == resp::Type::push) [[unlikely]] {
      ++pushes_;
      if (held_.empty()) {
        delivered_ = scanner_.position();
      } else if ((held_pushes_ += scanner_.position() - scanner_.begin()) > scanner_.limits().push) {
        lose({failure::too_many_pushes(), CloseReason::protocol});
        return false;
      }
      continue;
    }
    if (is_early(scanner_.type())) [[unlikely]] {
      lose(unsolicited_reply());
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

// True for a reply without a command: nothing is in flight, or the last byte of the command was not sent yet.
// An error reply is accepted in the second case, because a server may refuse a command early.
bool AsyncLink::is_early(resp::Type type) noexcept {
  if (ring_.empty()) return true;
  if (written_ == gathered_) [[likely]]
    return false;  // everything in flight was sent
  const InFlight::Entry& entry = held_.empty() ? ring_.front() : ring_[held_entry_];
  const std::uint32_t replies = entry.replies - (held_.empty() ? 0 : held_replies_);
  return entry.end > written_ && replies == 1 && !resp::is_error(type);
}

// Delivers one reply. `last`: it is the last one that has arrived so far. It may run users' code, which can
// change the state of this connection.
void AsyncLink::deliver_frame(std::string_view frame, resp::Type type, bool last) {
  const Node* const node = ring_.front().node;
  if (!resp::is_error(type) || node == nullptr) [[likely]]
    return dispatch_reply(frame, type, last);
  // Secrets are removed here, so that no code below sees them.
  const std::string shown = refusal_frame(frame, {answered_command(*node), {}}, config_);
  if (!handle_refusal(shown, last)) dispatch_reply(shown, type, last);
}

// Returns the encoded command whose reply is next, followed by the rest of its batch.
std::string_view AsyncLink::answered_command(const Node& node) noexcept {
  const std::string_view all = node.request.bytes.view();
  if (node.answered == 0) return all;
  if (error_position_.node != &node || error_position_.sequence != node.sequence ||
      error_position_.command > node.answered)
    error_position_ = {&node, node.sequence, 0, 0};
  const std::string_view rest =
      engine::skip_commands(all.substr(error_position_.begin), node.answered - error_position_.command);
  error_position_.command = node.answered;
  error_position_.begin = all.size() - rest.size();
  return rest;
}

void AsyncLink::dispatch_reply(std::string_view frame, resp::Type type, bool last) {
  InFlight::Entry& entry = ring_.front();
  Node* const node = entry.node;
  const bool complete_now = --entry.replies == 0;
  if (node != nullptr) {
    if (node->start != run_start_) report_answers();
    run_start_ = node->start;
    run_commands_ += node->internal ? 0U : 1U;
    if (resp::is_error(type)) [[unlikely]]
      run_errors_ += node->internal ? 0U : 1U;
    ++node->answered;
    node->accept(frame, origin_);
  } else if (!std::exchange(checking_, false) &&
             complete_now) {  // the reply to the connection's own PING, which is no tombstone
    given_up_.store(given_up() - 1, std::memory_order_relaxed);
  }
  if (complete_now) {
    blocking_in_flight_ -= entry.blocks ? 1U : 0U;
    ring_.pop();
    head_since_ = now_;
  }
  // Count it before `complete`, so that the handler sees it in the statistics.
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

// Holds a reply until the fence of its batch has arrived. If a reply was lost, repeated or invented, the
// fence is not where it should be. Returns false if the connection had to be closed.
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
    lose({failure::shifted_replies(), CloseReason::desync});
    return false;
  }
  held_.push_back({scanner_.begin(), end, scanner_.type()});
  held_left_ = held_.size();
  deliver_held(bytes);
  return true;
}

// Delivers the replies of a batch whose fence has arrived. `held_left_` counts those that are left, so that
// the next turn can continue if users' code throws.
void AsyncLink::deliver_held(std::string_view bytes) {
  while (held_left_ != 0) {
    const Held held = held_[held_.size() - held_left_];
    if (--held_left_ == 0) {
      held_.clear();
      held_pushes_ = 0;
      delivered_ = held.end;
      ring_.pop();
      head_since_ = now_;
      report_answers();
      return;
    }
    delivered_ = held.end;
    deliver_frame(bytes.substr(held.begin, held.end - held.begin), held.type, held_left_ == 1);
  }
}

}  // namespace redstart::inline v0::net
