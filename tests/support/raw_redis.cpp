// SPDX-License-Identifier: Apache-2.0
// raw_redis.cpp: the socket and reply reader of RawRedis.
#include "raw_redis.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace redstart::test {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

int connect_to(int family, const sockaddr* address, socklen_t size) {
  const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  const timeval limit{10, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (::connect(fd, address, size) != 0) {
    const int error = errno;
    ::close(fd);
    errno = error;
    fail("connect");
  }
  return fd;
}

}  // namespace

std::int64_t RawReply::integer() const {
  if (type != ':') throw std::runtime_error("not an integer: " + text);
  return std::stoll(text);
}

const RawReply& RawReply::at(std::string_view key) const {
  static const RawReply nothing{'$', true, {}, {}};
  for (std::size_t i = 0; i + 1 < elements.size(); i += 2) {
    if (elements[i].text == key) return elements[i + 1];
  }
  return nothing;
}

RawRedis::RawRedis(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  fd_ = connect_to(AF_INET, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

RawRedis::RawRedis(const std::string& socket_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof address.sun_path)
    throw std::runtime_error("socket path too long: " + socket_path);
  std::memcpy(address.sun_path, socket_path.c_str(), socket_path.size() + 1);
  fd_ = connect_to(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

RawRedis::~RawRedis() {
  if (fd_ >= 0) ::close(fd_);
}

RawRedis::RawRedis(RawRedis&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      buffer_(std::move(other.buffer_)),
      at_(std::exchange(other.at_, 0)) {}

template <class Words>
RawReply RawRedis::round_trip(const Words& words) {
  std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
  for (const auto& word : words) {
    bytes += "$" + std::to_string(word.size()) + "\r\n";
    bytes += word;
    bytes += "\r\n";
  }
  send(bytes);
  return receive();
}

RawReply RawRedis::command(std::initializer_list<std::string_view> words) { return round_trip(words); }
RawReply RawRedis::command(const std::vector<std::string>& words) { return round_trip(words); }

std::string RawRedis::text(std::initializer_list<std::string_view> words) {
  RawReply reply = round_trip(words);
  if (reply.is_error()) throw std::runtime_error("the server replied: " + reply.text);
  return std::move(reply.text);
}

std::int64_t RawRedis::integer(std::initializer_list<std::string_view> words) {
  return round_trip(words).integer();
}

std::string RawRedis::info(std::string_view field) {
  const std::string all = "\n" + text({"INFO", "everything"});
  const std::string key = "\n" + std::string(field) + ":";
  const std::size_t at = all.find(key);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + key.size();
  return all.substr(begin, all.find('\r', begin) - begin);
}

std::vector<std::string> RawRedis::client_list() {
  const std::string all = text({"CLIENT", "LIST"});
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < all.size();) {
    const std::size_t end = all.find('\n', begin);
    lines.push_back(all.substr(begin, end - begin));
    if (end == std::string::npos) break;
    begin = end + 1;
  }
  return lines;
}

void RawRedis::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail("send");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void RawRedis::fill() {
  char chunk[16384];
  for (;;) {
    const ssize_t n = ::recv(fd_, chunk, sizeof chunk, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("recv");
    if (n == 0) throw std::runtime_error("the server closed the connection");
    buffer_.append(chunk, static_cast<std::size_t>(n));
    return;
  }
}

std::string RawRedis::line() {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n", at_)) == std::string::npos) fill();
  std::string text = buffer_.substr(at_, end - at_);
  at_ = end + 2;
  return text;
}

RawReply RawRedis::receive() {
  const std::string header = line();
  RawReply reply;
  if (header.empty()) throw std::runtime_error("expected a reply, got an empty line");
  reply.type = header[0];
  reply.text = header.substr(1);
  if (reply.type == '$' || reply.type == '*') {
    const long long size = std::stoll(reply.text);
    reply.text.clear();
    reply.null = size < 0;
    if (reply.type == '$' && size >= 0) {
      const auto bytes = static_cast<std::size_t>(size);
      while (buffer_.size() - at_ < bytes + 2) fill();
      reply.text = buffer_.substr(at_, bytes);
      at_ += bytes + 2;
    }
    for (long long i = 0; reply.type == '*' && i < size; ++i) reply.elements.push_back(receive());
  }
  if (at_ == buffer_.size()) {
    buffer_.clear();
    at_ = 0;
  }
  return reply;
}

}  // namespace redstart::test
