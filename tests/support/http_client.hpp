// SPDX-License-Identifier: Apache-2.0
// http_client.hpp: a raw HTTP client, which can also send what no client should.
#pragma once

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace redstart::test {

/// A response as received. The status is 0 if the connection ended before a complete one.
struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers{};  ///< Names in lower case.
  std::string body{};

  [[nodiscard]] std::string header(const std::string& name) const {
    const auto at = headers.find(name);
    return at == headers.end() ? std::string() : at->second;
  }
};

/// One connection to a server on 127.0.0.1. Errors: std::runtime_error if nothing arrives for 30 s.
class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd_ < 0 || ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      if (fd_ >= 0) ::close(fd_);
      throw std::runtime_error("can't connect to the HTTP server");
    }
  }
  HttpClient(HttpClient&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), input_(std::move(other.input_)) {}
  HttpClient& operator=(HttpClient&&) = delete;
  ~HttpClient() {
    if (fd_ >= 0) ::close(fd_);
  }

  /// Returns false if the server has closed the connection.
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void half_close() const { ::shutdown(fd_, SHUT_WR); }

  /// Sends a request and returns its response. `headers` are complete lines.
  HttpAnswer get(std::string_view target, std::string_view headers = {}, std::string_view method = "GET") {
    send(std::string(method) + ' ' + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" +
         std::string(headers) + "\r\n");
    return receive(method == "HEAD");
  }

  HttpAnswer receive(bool without_body = false) {
    std::size_t end = 0;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos)
      if (!fill()) return {};
    HttpAnswer answer = parsed(input_.substr(0, end + 2));
    input_.erase(0, end + 4);
    const std::string length = answer.header("content-length");
    const std::size_t size = without_body || length.empty() ? 0 : std::stoul(length);
    while (input_.size() < size)
      if (!fill()) return {};
    answer.body = input_.substr(0, size);
    input_.erase(0, size);
    return answer;
  }

  /// Returns all that arrives until the server closes the connection.
  std::string rest() {
    while (fill()) {
    }
    return std::exchange(input_, {});
  }
  /// True if the server closes the connection and sends nothing more before that.
  bool ends() { return input_.empty() && !fill(); }
  /// True if nothing arrives and the connection stays open for this long.
  [[nodiscard]] bool is_quiet_for(std::chrono::milliseconds time) const {
    pollfd entry{fd_, POLLIN, 0};
    return input_.empty() && ::poll(&entry, 1, static_cast<int>(time.count())) == 0;
  }

 private:
  static HttpAnswer parsed(std::string_view head) {
    HttpAnswer answer;
    std::size_t at = head.find("\r\n");
    const std::string_view line = head.substr(0, at);
    if (!line.starts_with("HTTP/1.") || line.size() < 12)
      throw std::runtime_error("no HTTP: " + std::string(line));
    answer.status = std::stoi(std::string(line.substr(9, 3)));
    for (at += 2; at < head.size();) {
      const std::size_t end = head.find("\r\n", at);
      const std::string_view field = head.substr(at, end - at);
      const std::size_t colon = field.find(": ");
      if (colon == std::string_view::npos) throw std::runtime_error("no header: " + std::string(field));
      std::string name(field.substr(0, colon));
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      answer.headers[name] = field.substr(colon + 2);
      at = end + 2;
    }
    return answer;
  }

  // Returns false at the end of the stream, also if the connection was reset.
  bool fill() {
    pollfd entry{fd_, POLLIN, 0};
    if (::poll(&entry, 1, 30'000) <= 0) throw std::runtime_error("no response for 30 s");
    std::array<char, 4096> chunk{};
    const ssize_t received = ::recv(fd_, chunk.data(), chunk.size(), 0);
    if (received > 0) input_.append(chunk.data(), static_cast<std::size_t>(received));
    return received > 0;
  }

  int fd_;
  std::string input_{};
};

}  // namespace redstart::test
