// SPDX-License-Identifier: Apache-2.0
// link_io.cpp: reads, writes and waits for a LinkDriver.
#include "link_driver.hpp"

#include "../core/probes.hpp"
#include "link_turn.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace redstart::inline v0::net {

namespace {

// Limit of one turn, so that a large value does not hold up other connections of this loop.
constexpr std::size_t max_bytes_written_per_turn = std::size_t{256} * 1024;

}  // namespace

bool LinkDriver::send() {
  protocol::LinkSender& sender = core_.sender();
  sender.begin(turn_now());  // read anew, because users' code may have run for long in this turn
  if (sender.must_look_first() && readable_now(stream_.fd)) return false;
  const Scratch scratch;
  std::size_t left = max_bytes_written_per_turn;
  do {
    const std::string_view block = sender.gather({scratch.data(), Scratch::size});
    if (block.empty()) break;
    const IoResult result = stream_.write_some(block.substr(0, left));
    sender.wrote(block, result.bytes, result.error);
    if (result.bytes != 0) REDSTART_PROBE(sent, 0, core_.identity(), result.bytes);
    left -= result.bytes;
    if (result.bytes == block.size()) [[likely]]
      continue;
    write_later(result.error);
  } while (left != 0 && sender.may_send());
  if (left == 0 && sender.may_send()) write_later(0);
  sender.end(turn_now());
  if (sender.take_fast_keepalive()) [[unlikely]]
    set_keepalive(stream_.fd, settings_.now().keepalive, true);
  return sender.progress();
}

// Writes what the kernel did not accept before.
void LinkDriver::send_waiting() {
  protocol::LinkSender& sender = core_.sender();
  std::size_t left = max_bytes_written_per_turn;
  while (!core_.outbox().waiting().empty() && core_.outbox().error() == 0) {
    if (left == 0) return write_later(0);
    const IoResult result = stream_.write_some(core_.outbox().waiting().substr(0, left));
    sender.wrote_waiting(result.bytes, result.error);
    if (result.bytes != 0) REDSTART_PROBE(sent, 0, core_.identity(), result.bytes);
    left -= result.bytes;
    if (result.error != 0) return write_later(result.error);
  }
}

// A write has ended early. `error`: 0 if the turn's share is used up.
void LinkDriver::write_later(int error) {
  if (error == EAGAIN) return await_writable();
  if (error == 0) {
    progress_.writes_later = true;
  } else if (progress_.reading) {
    boost::system::error_code ignored;
    stream_.socket->cancel(ignored);  // ends the pending read: `on_read` or `on_readable` follows
  } else {
    post_turn();
  }
}

// A write has failed: reads what the server sent before, then closes the connection.
void LinkDriver::read_the_rest() {
  for (unsigned turns = 0; core_.ready() && turns != max_reading_turns; ++turns) {
    reader_.resume();
    if (!reader_.more()) break;
  }
  core_.lose(protocol::broken_by(core_.outbox().error(), false, Effect::none, core_.now()));
}

void LinkDriver::await_writable() {
  stream_.socket->async_wait(Socket::wait_write,
                             [link = self(), epoch = progress_.epoch](const boost::system::error_code&) {
                               if (epoch != link->progress_.epoch) return;
                               link->turn([&link = *link, epoch] {
                                 if (epoch == link.progress_.epoch) link.send_waiting();
                               });
                             });
}

void LinkDriver::start_reading() {
  if (!stream_.socket || progress_.reading || reader_.more()) return;
  progress_.reading = true;
  if (stream_.tls) {
    // The TLS session holds no bytes here: they were read, or a turn is posted to read them.
    stream_.socket->async_wait(
        Socket::wait_read,
        LinkHandler{self(), &read_memory_,
                    [epoch = progress_.epoch](LinkDriver& link, const boost::system::error_code&) {
                      if (epoch != link.progress_.epoch) return;
                      link.turn([&link, epoch] {
                        if (epoch == link.progress_.epoch) link.on_readable();
                      });
                    }});
    return;
  }
  const std::span<char> into = reader_.first_bytes();
  stream_.socket->async_read_some(
      boost::asio::buffer(into.data(), into.size()),
      LinkHandler{
          self(), &read_memory_,
          [epoch = progress_.epoch](LinkDriver& link, const boost::system::error_code& error, std::size_t n) {
            if (epoch != link.progress_.epoch) return;
            const int code = error == boost::asio::error::eof ? end_of_stream : error.value();
            link.turn([&link, epoch, code, n] {
              if (epoch == link.progress_.epoch) link.on_read(code, n);
            });
          }});
}

void LinkDriver::on_readable() {
  progress_.reading = false;
  core_.received();
  if (core_.outbox().error() != 0) return read_the_rest();
  reader_.resume();
}

void LinkDriver::on_read(int error, std::size_t n) {
  progress_.reading = false;
  if (core_.outbox().error() != 0) {
    if (n != 0) reader_.received(n);
    return read_the_rest();
  }
  if (error != 0) return core_.lose(protocol::broken_by(error, false, Effect::none, core_.now()));
  reader_.received(n);
}

// Sets the timer. When it expires, the socket is read before deadlines are checked.
void LinkDriver::arm_timer() {
  const TimePoint wanted = core_.take_wake_time();
  if (progress_.stopped) return;
  timer_.expire_by(wanted, [this](std::uint64_t number) {
    return LinkHandler{self(), &timer_.memory(),
                       [number](LinkDriver& link, const boost::system::error_code&) {
                         if (!link.timer_.is_armed(number)) return;
                         link.turn([&link, number] {
                           if (!link.timer_.expired(number)) return;
                           link.deadlines_.due = true;
                           link.post_turn();
                         });
                       }};
  });
}

// True if the kernel holds bytes that the pending read has not delivered. After the process was stopped,
// timers have expired and replies have arrived, and the timers may run first.
bool LinkDriver::arriving() const noexcept {
  return core_.ready() && core_.awaits_reply() && progress_.reading && readable_now(stream_.fd);
}

void LinkDriver::check_deadlines() {
  deadlines_.due = false;
  core_.check_deadlines();
  close_if_due();
  protocol::LinkAuthentication& authentication = core_.sender().authentication();
  if (authentication.wants_newer() && preparer_->credentials()) [[unlikely]]
    authentication.offer(preparer_->credentials()->newer_than(authentication.number(), core_.now()));
  if (!core_.is_empty()) return;
  mailbox_.release();
  if (stream_.socket && core_.sender().take_usual_keepalive())
    set_keepalive(stream_.fd, settings_.now().keepalive, false);
}

}  // namespace redstart::inline v0::net
