// SPDX-License-Identifier: Apache-2.0
// async_link_send.cpp: sends queued operations in few large writes.
#include "async_link.hpp"
#include "async_link_turn.hpp"

#include <redstart/resp/writer.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace redstart::inline v0::net {

namespace {

// *2\r\n$4\r\nECHO\r\n$16\r\n<nonce>\r\n
constexpr std::string_view fence_head = "*2\r\n$4\r\nECHO\r\n$16\r\n";
constexpr std::size_t fence_size = fence_head.size() + 18;

}  // namespace

// Sends queued operations until the kernel accepts no more. Returns false if nothing changed.
bool AsyncLink::gather() {
  if (queue_.empty() || !unsent_.empty() || retiring_ || write_error_ != 0) return false;
  if (checking_) return false;
  now_ = turn_now();  // read anew, because users' code may have run for long in this turn
  if (ring_.empty()) {
    if (has_unread()) return false;
    if (check_is_due()) {
      check();
      return true;
    }
  }
  const std::uint64_t first = ring_.end();
  const Scratch scratch;
  char* const bytes = scratch.data();
  const std::size_t room = Scratch::size - (config_.integrity ? fence_size : 0);
  std::size_t used = 0;
  bool progress = false;
  const std::uint64_t ticket = owner_->common_ticket();
  while (!queue_.empty() && unsent_.empty() && write_error_ == 0) {
    Node& node = queue_.front();
    const std::string_view command = node.request.bytes.view();
    if (node.deadline <= now_) [[unlikely]] {
      expire_queued(node);
      progress = true;
      if (retiring_) break;
      continue;
    }
    if (used + command.size() > room && used != 0) {
      write({bytes, used + fence(bytes + used)});
      used = 0;
      continue;
    }
    node.ticket = ticket;
    if (ticket == 0 && !admit(node)) [[unlikely]] {
      if (owner_->waits()) break;
      progress = true;
      if (retiring_) break;
      continue;
    }
    progress = true;
    if (node.revocable && !node.claim()) [[unlikely]] {
      drop_revoked(node);
      continue;
    }
    if (node.request.replies == 0) {
      queue_.pop_front();
      unregister(node);
      waiting_done_.push_back(node);
      continue;
    }
    put_in_flight(node);
    queue_.pop_front();
    if (command.size() > room) {
      write(command);
      write({bytes, fence(bytes)});
    } else {
      std::memcpy(bytes + used, command.data(), command.size());
      used += command.size();
    }
  }
  if (used != 0) write({bytes, used + fence(bytes + used)});
  if (ring_.end() != first) {
    constexpr auto usual = std::chrono::milliseconds(5);  // more than sending takes
    const TimePoint sent = turn_now();
    const auto lost = sent - std::exchange(now_, sent);
    if (lost >= usual) [[unlikely]]
      restore_time(first, lost);
  }
  return progress;
}

// True if the socket of an idle connection has something to read: its end, or an unsolicited message. Read
// that first, because it decides whether the connection can carry the next command.
bool AsyncLink::has_unread() noexcept {
  if (std::max(now_, queue_.front().start) - last_used() < std::chrono::milliseconds(1)) [[likely]]
    return false;
  return readable_now(fd_);
}

// The process may have been stopped between the check of the deadlines and the sending. Extend the deadlines
// of what was sent then by the lost time.
void AsyncLink::restore_time(std::uint64_t first, Clock::duration lost) {
  head_since_ += lost;
  for (std::uint64_t sequence = first; sequence != ring_.end(); ++sequence) {
    Node* const node = ring_[sequence].node;
    if (node == nullptr || !node->due.is_linked()) continue;
    wheel_.erase(*node);
    node->deadline = deadline_after(node->deadline, lost);
    wheel_.insert(*node, now_);
    wake_at(Wheel::expiry(node->deadline));
  }
}

// A firewall or a dead host may have cut an idle connection without any packet.
bool AsyncLink::check_is_due() const noexcept {
  if (kind_ == Kind::exclusive) return check_due_.load(std::memory_order_relaxed);
  return config_.check_after_idle.count() != 0 && now_ - last_used() > config_.check_after_idle;
}

// Sends a PING. The queue waits for its reply, so that no operation is lost with the connection.
void AsyncLink::check() {
  constexpr std::string_view ping = "*1\r\n$4\r\nPING\r\n";
  char bytes[ping.size() + fence_size];
  ring_.push({nullptr, gathered_ + ping.size(), 0, 1, false});  // may throw std::bad_alloc
  gathered_ += ping.size();
  check_due_.store(false, std::memory_order_relaxed);
  checking_ = true;
  head_since_ = now_;
  wake_at(now_ + silence_limit());
  ping.copy(bytes, ping.size());
  write({bytes, ping.size() + fence(bytes + ping.size())});
}

void AsyncLink::put_in_flight(Node& node) {
  if (ring_.empty()) {
    head_since_ = now_;  // silence counts from now on
    if (blocking_in_flight_ == 0) wake_at(now_ + silence_limit());
  }
  const std::uint64_t end = gathered_ + node.request.bytes.size();
  // An operation with a longer time limit than silence allows has an exclusive connection and its own
  // deadline.
  const bool patient =
      kind_ == Kind::exclusive && node.options.timeout.exceeds(silence_limit_of(config_.timeouts));
  const bool waits = patient || node.request.traits.blocks_for.has_value();
  node.sequence = ring_.push({&node, end, 0, node.request.replies, waits});  // may throw std::bad_alloc
  gathered_ = end;
  if (waits) [[unlikely]] {
    ++blocking_in_flight_;
    if (!std::exchange(fast_keepalive_, true)) set_keepalive(fd_, config_.keepalive, true);
  }
  ++in_flight_;
}

// With `integrity`, appends the fence to a batch: a command whose reply proves that the replies before it
// belong to the batch. Returns its size, else 0.
std::size_t AsyncLink::fence(char* at) {
  if (!config_.integrity) return 0;
  if (++nonce_ == 0) ++nonce_;
  gathered_ += fence_size;
  ring_.push({nullptr, gathered_, nonce_, 1, false});
  fence_head.copy(at, fence_head.size());
  nonce_text(at + fence_head.size(), nonce_);
  std::string_view("\r\n").copy(at + fence_size - 2, 2);
  return fence_size;
}

// Writes the bytes, and keeps in `unsent_` what the kernel does not accept.
void AsyncLink::write(std::string_view bytes) {
  if (bytes.empty()) return;
  if (!unsent_.empty() || write_error_ != 0) {
    unsent_.append(bytes);
    return;
  }
  const IoResult result = write_some(bytes);
  written_ += result.bytes;
  if (result.bytes == bytes.size()) return;
  unsent_.assign(bytes.substr(result.bytes));
  unsent_at_ = 0;
  if (result.error != 0 && result.error != EAGAIN) {
    // The next turn closes the connection, after it has read what the server sent before.
    write_error_ = result.error;
    if (state_ == State::ready) post_turn();
    return;
  }
  await_writable();
}

void AsyncLink::await_writable() {
  socket_->async_wait(Socket::wait_write, [link = self(), epoch = epoch_](const boost::system::error_code&) {
    if (epoch != link->epoch_) return;
    link->turn([&link = *link, epoch] {
      if (epoch == link.epoch_) link.on_writable();
    });
  });
}

void AsyncLink::on_writable() {
  while (unsent_at_ != unsent_.size()) {
    const IoResult result = write_some(std::string_view(unsent_).substr(unsent_at_));
    written_ += result.bytes;
    unsent_at_ += result.bytes;
    if (result.error == EAGAIN) return await_writable();
    if (result.error != 0) {
      write_error_ = result.error;
      if (state_ == State::ready) post_turn();
      return;
    }
  }
  std::string().swap(unsent_);
  unsent_at_ = 0;
}

}  // namespace redstart::inline v0::net
