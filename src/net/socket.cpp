// SPDX-License-Identifier: Apache-2.0
// socket.cpp: system calls on sockets.
#include "socket.hpp"

#include "descriptors.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace redstart::inline v0::net {

namespace {

template <class T>
void set_option(int fd, int level, int name, const T& value) noexcept {
  // Errors are ignored: a connection works without an option that the kernel doesn't know.
  static_cast<void>(::setsockopt(fd, level, name, &value, sizeof value));
}

int as_int(std::chrono::seconds value) noexcept {
  return static_cast<int>(
      std::min<std::chrono::seconds::rep>(value.count(), 32767));  // the kernel's own limit
}

void apply(int fd, const SocketOptions& options) noexcept {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (options.keepalive.idle.count() > 0) {
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, as_int(options.keepalive.idle));
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, as_int(options.keepalive.interval));
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, options.keepalive.count);
  }
  // Limits unacknowledged data in flight. It also applies to idle connections, because changing it would cost
  // a system call per command. There Linux uses it in place of TCP_KEEPCNT and gives up at the second probe.
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<unsigned>(options.user_timeout.count()));
}

// Keepalive probes while a command waits in the server: after 2 s, then each second.
constexpr std::chrono::seconds fast_keepalive_idle{2};
constexpr std::chrono::seconds fast_keepalive_interval{1};

// Milliseconds for poll(), rounded up so that it does not return before the deadline.
int poll_limit(TimePoint deadline) noexcept {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(left, 0, 60'000));
}

// Waits for `events`. Returns false at the deadline.
bool wait(int fd, short events, TimePoint deadline) noexcept {
  for (;;) {
    pollfd entry{fd, events, 0};
    if (::poll(&entry, 1, poll_limit(deadline)) > 0) return true;
    if (Clock::now() >= deadline) return false;
  }
}

IoResult result(ssize_t n) noexcept {
  if (n < 0) return {0, errno == EWOULDBLOCK ? EAGAIN : errno};
  return {static_cast<std::size_t>(n), 0};
}

template <class Call>
IoResult retry_interrupted(Call call) noexcept {
  for (;;) {
    const IoResult r = result(call());
    if (r.error != EINTR) return r;
  }
}

timeval as_timeval(std::chrono::nanoseconds limit) noexcept {
  using namespace std::chrono;
  const auto us =
      std::max<microseconds::rep>(duration_cast<microseconds>(limit).count(), 1);  // 0 would mean no limit
  return {static_cast<time_t>(us / 1'000'000), static_cast<suseconds_t>(us % 1'000'000)};
}

}  // namespace

int open_stream(const Address& address, const SocketOptions& options) noexcept {
  const int family = address.storage.ss_family;
  int fd = -1;
  {
    const descriptors::ForkGuard hold;
    fd = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    descriptors::add(fd, hold);
  }
  if (family != AF_UNIX) apply(fd, options);
  return fd;
}

void close_stream(int fd) noexcept {
  const descriptors::ForkGuard hold;
  descriptors::remove(fd, hold);
  ::close(fd);
}

void set_keepalive(int fd, const Keepalive& usual, bool fast) noexcept {
  if (usual.idle.count() == 0) return;
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE,
             as_int(fast ? std::min(fast_keepalive_idle, usual.idle) : usual.idle));
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL,
             as_int(fast ? std::min(fast_keepalive_interval, usual.interval) : usual.interval));
}

int start_connect(int fd, const Address& address) noexcept {
  // sockaddr is the common prefix of all address types.
  const auto* name = static_cast<const sockaddr*>(static_cast<const void*>(&address.storage));
  if (::connect(fd, name, address.size) == 0) return 0;
  return errno == EINTR ? EINPROGRESS : errno;
}

int connect_result(int fd) noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

IoResult send_now(int fd, std::span<const char> bytes) noexcept {
  return retry_interrupted(
      [&] { return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT); });
}

IoResult receive_now(int fd, char* into, std::size_t size) noexcept {
  return retry_interrupted([&] { return ::recv(fd, into, size, MSG_DONTWAIT); });
}

IoResult peek_now(int fd, char* into, std::size_t size) noexcept {
  return retry_interrupted([&] { return ::recv(fd, into, size, MSG_PEEK | MSG_DONTWAIT); });
}

bool readable_now(int fd) noexcept {
  char first = 0;
  return peek_now(fd, &first, 1).error != EAGAIN;
}

int Socket::connect(const Address& address, const SocketOptions& options, TimePoint deadline) noexcept {
  close();
  const int fd = open_stream(address, options);
  if (fd < 0) return -fd;
  {
    const std::scoped_lock lock(closing_);
    fd_ = fd;
    generation_ = fork_generation();
  }
  if (interrupted()) {
    close();
    return ECANCELED;
  }
  int error = start_connect(fd, address);
  if (error == EINPROGRESS) error = wait(fd, POLLOUT, deadline) ? connect_result(fd) : ETIMEDOUT;
  if (error == 0 && interrupted()) error = ECANCELED;
  if (error == 0 && ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK) != 0) error = errno;
  if (error != 0) close();
  return error;
}

int Socket::secure(std::shared_ptr<const TlsContext> context, TlsName name, TimePoint deadline) {
  tls_ = std::make_unique<TlsSession>(std::move(context), std::move(name), fd_);
  for (;;) {
    const IoResult result = tls_->handshake();
    if (tls_->established()) return 0;
    if (interrupted()) return ECANCELED;
    if (result.error != EAGAIN) return result.error != 0 ? result.error : EPROTO;
    if (!wait(fd_, tls_->wants_write() ? POLLOUT : POLLIN, deadline)) return EAGAIN;
  }
}

void Socket::close() noexcept {
  if (fd_ < 0 || forked(generation_)) return;  // in a forked child, the number may belong to another file
  if (tls_) tls_->close();
  tls_.reset();
  const std::scoped_lock lock(closing_);
  const descriptors::ForkGuard hold;
  descriptors::remove(fd_, hold);
  ::close(fd_);
  fd_ = -1;
}

IoResult Socket::send(std::span<const char> bytes) noexcept {
  if (tls_) [[unlikely]]
    return tls_->send(bytes);
  return retry_interrupted([&] { return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); });
}

IoResult Socket::send(std::span<const iovec> pieces) noexcept {
  if (tls_) [[unlikely]]
    return tls_->send(pieces);
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());  // sendmsg does not write to it
  message.msg_iovlen = pieces.size();
  return retry_interrupted([&] { return ::sendmsg(fd_, &message, MSG_NOSIGNAL); });
}

IoResult Socket::send_some(std::span<const char> bytes) noexcept {
  if (tls_) [[unlikely]]
    return tls_->send(bytes);
  return send_now(fd_, bytes);
}

IoResult Socket::receive(char* into, std::size_t size) noexcept {
  if (tls_) [[unlikely]]
    return tls_->receive_waiting(into, size);
  // EINTR is not retried here, because the caller recomputes the remaining time.
  const IoResult r = result(::recv(fd_, into, size, 0));
  return r.error == EINTR ? IoResult{0, EAGAIN} : r;
}

IoResult Socket::receive_some(char* into, std::size_t size) noexcept {
  if (tls_) [[unlikely]]
    return tls_->receive(into, size);
  return receive_now(fd_, into, size);
}

bool Socket::wait_writable(TimePoint deadline) const noexcept { return wait(fd_, POLLOUT, deadline); }

bool Socket::wait_readable_or_writable(TimePoint deadline) const noexcept {
  return wait(fd_, POLLIN | POLLOUT, deadline);
}

bool Socket::wait_readable(TimePoint deadline) const noexcept { return wait(fd_, POLLIN, deadline); }

std::size_t Socket::arrived() const noexcept {
  constexpr std::size_t record = 16 * 1024;  // the largest plaintext that TLS buffers
  int bytes = 0;
  if (::ioctl(fd_, FIONREAD, &bytes) != 0 || bytes < 0) bytes = 0;
  return static_cast<std::size_t>(bytes) + (tls_ && tls_->holds_bytes() ? record : 0);
}

void Socket::arm_send(std::chrono::nanoseconds limit) noexcept {
  set_option(fd_, SOL_SOCKET, SO_SNDTIMEO, as_timeval(limit));
}

void Socket::arm_receive(std::chrono::nanoseconds limit) noexcept {
  set_option(fd_, SOL_SOCKET, SO_RCVTIMEO, as_timeval(limit));
}

IoResult Socket::peek(char* into, std::size_t size) const noexcept {
  if (tls_) [[unlikely]]
    return tls_->peek(into, size);
  return peek_now(fd_, into, size);
}

void Socket::interrupt() noexcept {
  interrupted_.store(true, std::memory_order_release);
  const std::scoped_lock lock(closing_);
  if (fd_ >= 0) ::shutdown(fd_, SHUT_RDWR);
}

}  // namespace redstart::inline v0::net
