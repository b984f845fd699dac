// SPDX-License-Identifier: Apache-2.0
// fake_server.cpp: sockets and threads of the fake server.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <redstart/core/peer_text.hpp>
#include <redstart/testing/fake_server.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "message_reader.hpp"
#include "socket_file.hpp"

namespace redstart::inline v0::testing {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int slice_ms = 10;  // poll interval for stop requests

std::function<void(const std::string&)>& failure_handler() {
  static std::function<void(const std::string&)> handler = [](const std::string& text) {
    std::fprintf(stderr, "%s\n", text.c_str());
    std::abort();
  };
  return handler;
}

std::size_t number_in(std::string_view line) { return std::stoul(std::string(line.substr(1))); }

// The client closed the connection inside a command.
struct CutShort : std::runtime_error {
  CutShort() : runtime_error("the client closed the connection inside a command") {}
};

}  // namespace

// Returns false if a stop was requested.
bool FakeConnection::wait_for(short events) const {
  const auto deadline = Clock::now() + watchdog;
  while (!stop_.stop_requested()) {
    pollfd entry{fd_, events, 0};
    if (::poll(&entry, 1, slice_ms) > 0) return true;
    if (Clock::now() > deadline) throw std::runtime_error("no activity on the connection for 30 s");
  }
  return false;
}

// Returns false at the end of the stream.
bool FakeConnection::fill() {
  if (!wait_for(POLLIN)) return false;
  char chunk[65536];
  const ssize_t n = ::recv(fd_, chunk, sizeof chunk, 0);
  if (n <= 0) return false;
  buffer_.append(chunk, static_cast<std::size_t>(n));
  return true;
}

Words FakeConnection::command() {
  std::size_t at = 0;
  const auto line = [&]() -> std::string_view {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n", at)) == std::string::npos) {
      if (!fill()) return {};
    }
    const std::string_view text = std::string_view(buffer_).substr(at, end - at);
    at = end + 2;
    return text;
  };
  const auto cut_short = [&] {
    if (stop_.stop_requested()) return Words{};
    throw CutShort();
  };
  const std::string_view header = line();
  if (header.empty()) return buffer_.empty() ? Words{} : cut_short();
  if (header[0] != '*')
    throw std::runtime_error("expected a command from the client, got: " + std::string(header));
  Words words(number_in(header));
  for (std::string& word : words) {
    const std::string_view size_line = line();
    if (size_line.empty()) return cut_short();
    const std::size_t size = number_in(size_line);
    while (buffer_.size() - at < size + 2) {
      if (!fill()) return cut_short();
    }
    word = buffer_.substr(at, size);
    at += size + 2;
  }
  buffer_.erase(0, at);
  if (log_) log_(words);
  return words;
}

std::size_t FakeConnection::await_close() {
  while (fill()) {
  }
  return buffer_.size();
}

void FakeConnection::await_bytes() const {
  if (buffer_.empty()) static_cast<void>(wait_for(POLLIN));
}

void FakeConnection::send(std::string_view bytes) {
  while (!bytes.empty() && wait_for(POLLOUT)) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) return;  // the client has closed the connection
    if (n < 0) detail::throw_errno("send");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

Words FakeConnection::handshake() {
  for (;;) {
    Words words = command();
    if (words.empty()) return words;
    if (words[0] == "HELLO")
      send("%3\r\n+server\r\n+redis\r\n+version\r\n+7.0.15\r\n+proto\r\n:3\r\n");
    else if (words[0] == "CLIENT" || words[0] == "SELECT" || words[0] == "AUTH")
      send("+OK\r\n");
    else if (words[0] == "PING") {
      pinged_ = true;
      send("+PONG\r\n");
    } else if (words[0] == "ECHO" && !pinged_ && words.size() == 2) {
      send(resp_bulk(words[1]));
    } else {
      return words;
    }
  }
}

void FakeConnection::serve(const Answer& answer) {
  try {
    for (Words words = handshake(); !words.empty(); words = handshake()) send(answer(words));
  } catch (const CutShort&) {  // allowed here: see serve()
  }
}

void FakeConnection::close() noexcept {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void FakeConnection::reset() noexcept {
  const linger at_once{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void FakeConnection::half_close() noexcept { ::shutdown(fd_, SHUT_WR); }

FakeServer::FakeServer(Script script) : script_(std::move(script)) {
  detail::SocketFile listener = detail::bound_socket(0);
  detail::listen_on(listener, 511);
  port_ = detail::port_of(listener);
  listener_ = listener.get();
  acceptor_ =
      std::jthread([this, held = std::move(listener)](const std::stop_token& stop) { accept_all(stop); });
}

FakeServer::~FakeServer() {
  stop();
  for (const std::string& failure : take_failures()) failure_handler()("fake server: " + failure);
}

void FakeServer::stop() {
  acceptor_.request_stop();
  if (acceptor_.joinable()) acceptor_.join();
  for (std::jthread& script : scripts_) script.request_stop();
  scripts_.clear();  // joins
}

std::vector<Words> FakeServer::commands() const {
  const std::scoped_lock lock(mutex_);
  return commands_;
}

std::size_t FakeServer::count(std::string_view name) const {
  const std::string wanted = detail::in_capitals(name);
  const std::scoped_lock lock(mutex_);
  return static_cast<std::size_t>(std::count_if(commands_.begin(), commands_.end(), [&](const Words& words) {
    return detail::in_capitals(words.front()) == wanted;
  }));
}

std::vector<std::string> FakeServer::take_failures() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(failures_, {});
}

void FakeServer::accept_all(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd entry{listener_, POLLIN, 0};
    if (::poll(&entry, 1, slice_ms) <= 0) continue;
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::size_t index = accepted_++;
    scripts_.emplace_back([this, fd, index](const std::stop_token& token) { run(fd, index, token); });
  }
}

void FakeServer::run(int fd, std::size_t index, const std::stop_token& stop) {
  FakeConnection connection(fd, stop, [this](const Words& words) {
    const std::scoped_lock lock(mutex_);
    commands_.push_back(words);
  });
  try {
    script_(connection, index);
  } catch (const std::exception& error) {
    const std::scoped_lock lock(mutex_);
    failures_.push_back("connection " + std::to_string(index) + ": " + peer_text(error.what()));
  }
  ++ended_;
}

std::string resp_bulk(std::string_view text) {
  std::string bytes = "$" + std::to_string(text.size()) + "\r\n";
  bytes.append(text).append("\r\n");
  return bytes;
}

std::string resp_integer(std::int64_t number) { return ":" + std::to_string(number) + "\r\n"; }

void on_failure(std::function<void(const std::string& text)> handler) {
  failure_handler() = std::move(handler);
}

std::string resp_command(const Words& words) {
  std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) bytes += resp_bulk(word);
  return bytes;
}

}  // namespace redstart::inline v0::testing
