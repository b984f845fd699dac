// SPDX-License-Identifier: Apache-2.0
// proxy_connection.cpp: reads, writes and closes the two sockets.
#include "proxy_connection.hpp"

#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <utility>

namespace redstart::inline v0::testing::detail {
namespace {

constexpr std::array requests_first{Direction::to_server, Direction::to_client};
constexpr std::uint8_t bit(Direction direction) noexcept {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(direction));
}
bool would_block(int error) noexcept { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

void ProxyConnection::connect(const SocketAddress& server, int epoll, ProxyLog& log) {
  if (link.end() != FaultLink::End::none) return;
  server_ = SocketFile(::socket(server.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!server_) throw_errno("socket");
  if (server.storage.ss_family != AF_UNIX) send_at_once(server_);
  if (::connect(server_.get(), server.get(), server.size) != 0 && errno != EINPROGRESS) {
    server_.close();
    ++log.counters.unreachable;
    return;
  }
  connecting_ = true;
  watch(server_, server_watched_, EPOLLOUT, epoll);
}

void ProxyConnection::connected(ProxyLog& log) {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(server_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == 0) {
    // A socket is also writable if the attempt failed; it is connected only if it has a peer name.
    SocketAddress peer;
    peer.size = sizeof peer.storage;
    if (::getpeername(server_.get(), peer.get(), &peer.size) == 0) connecting_ = false;
    return;
  }
  ++log.counters.unreachable;
  server_.close();
}

void ProxyConnection::sender_gone(Direction direction, ProxyLog& log) {
  const bool client = direction == Direction::to_server;
  ++(client ? log.counters.closed_by_client : log.counters.closed_by_server);
  log.events.push_back(
      {client ? ProxyEvent::Kind::client_closed : ProxyEvent::Kind::server_closed, index_, 0, {}});
}

void ProxyConnection::read(Direction direction, TimePoint now, ProxyLog& log) {
  if (!sender(direction) || !link.wants_read(direction)) return;
  char bytes[65536];
  const ssize_t n = ::recv(sender(direction).get(), bytes, sizeof bytes, MSG_DONTWAIT);
  if (n < 0 && would_block(errno)) return;
  if (n <= 0) {
    if (n == 0)
      link.receive_end(direction, now);
    else
      link.receive_reset(direction);
    return sender_gone(direction, log);
  }
  const std::string_view piece(bytes, static_cast<std::size_t>(n));
  if (log.tap) log.tap(index_, direction, piece);
  std::vector<FaultLink::Seen> seen;
  link.receive(direction, piece, now, seen);
  const bool requests = direction == Direction::to_server;
  (requests ? log.counters.bytes_from_client : log.counters.bytes_from_server) += piece.size();
  (requests ? log.counters.requests : log.counters.replies) += seen.size();
  for (FaultLink::Seen& each : seen)
    log.events.push_back({requests ? ProxyEvent::Kind::request : ProxyEvent::Kind::reply, index_, each.number,
                          std::move(each.command)});
}

void ProxyConnection::write(Direction direction, TimePoint now, ProxyLog& log) {
  blocked_ = static_cast<std::uint8_t>(blocked_ & ~bit(direction));
  SocketFile& to = receiver(direction);
  for (std::string_view bytes = link.ready(direction, now); !bytes.empty() && to;
       bytes = link.ready(direction, now)) {
    const ssize_t n = ::send(to.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && would_block(errno)) {
      blocked_ = static_cast<std::uint8_t>(blocked_ | bit(direction));
      return;
    }
    // If the receiver has closed, the other direction reports that.
    const std::size_t size = n < 0 ? bytes.size() : static_cast<std::size_t>(n);
    if (n > 0)
      (direction == Direction::to_server ? log.counters.bytes_to_server : log.counters.bytes_to_client) +=
          size;
    link.sent(direction, size, now);
  }
  if (link.end() == FaultLink::End::none && to && link.take_end(direction)) ::shutdown(to.get(), SHUT_WR);
}

bool ProxyConnection::pump(TimePoint now, int epoll, ProxyLog& log) {
  if (connecting_) connected(log);
  if (server_ && !connecting_) {
    std::uint64_t fired = 0;
    do {  // the last piece may trigger a fault in the other direction
      fired = link.fired();
      for (const Direction direction : requests_first) read(direction, now, log);
      for (const Direction direction : requests_first) write(direction, now, log);
    } while (fired != link.fired());
  } else if (server_) {
    static_cast<void>(link.ready(Direction::to_client, now));  // apply faults that are due now
  }
  const std::uint64_t fired = link.fired();
  log.counters.faults += fired - std::exchange(fired_, fired);
  FaultLink::End end = link.end();
  if (end == FaultLink::End::none && !server_) end = FaultLink::End::reset;  // unreachable
  if (end == FaultLink::End::none && link.both_ended()) end = FaultLink::End::close;
  if (end != FaultLink::End::none) {
    finish(end);
    return false;
  }
  const auto events = [&](Direction from, Direction to) {
    return (link.wants_read(from) ? std::uint32_t{EPOLLIN} : 0U) |
           ((blocked_ & bit(to)) != 0 ? std::uint32_t{EPOLLOUT} : 0U);
  };
  if (connecting_) {
    watch(client_, client_watched_, 0, epoll);
    watch(server_, server_watched_, EPOLLOUT, epoll);
  } else {
    watch(client_, client_watched_, events(Direction::to_server, Direction::to_client), epoll);
    watch(server_, server_watched_, events(Direction::to_client, Direction::to_server), epoll);
  }
  return true;
}

// Don't watch a socket without a wanted event: epoll would report its hang-up again and again.
void ProxyConnection::watch(SocketFile& socket, std::uint32_t& watched, std::uint32_t events,
                            int epoll) const {
  if (events == watched) return;
  epoll_event entry{};
  entry.events = events;
  entry.data.u64 = index_;
  const int change = watched == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
  if (::epoll_ctl(epoll, change, socket.get(), &entry) != 0) throw_errno("epoll_ctl");
  watched = events;
}

void ProxyConnection::finish(FaultLink::End how) noexcept {
  for (SocketFile* socket : {&client_, &server_}) {
    if (how == FaultLink::End::reset)
      socket->reset();
    else
      socket->close_read_out();
  }
}

}  // namespace redstart::inline v0::testing::detail
