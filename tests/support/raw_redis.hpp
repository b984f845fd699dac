// SPDX-License-Identifier: Apache-2.0
// raw_redis.hpp: a minimal blocking Redis connection that shares no code with the library under test.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::test {

/// One RESP2 reply as a tree.
struct RawReply {
  char type = 0;                     ///< `+`, `-`, `:`, `$`, `*`
  bool null = false;                 ///< `$-1` or `*-1`
  std::string text{};                ///< of everything but arrays
  std::vector<RawReply> elements{};  ///< of arrays

  [[nodiscard]] bool is_error() const noexcept { return type == '-'; }
  [[nodiscard]] std::int64_t integer() const;
  /// The value after `key` in an array of alternating keys and values; a null reply when there is none.
  [[nodiscard]] const RawReply& at(std::string_view key) const;
};

/// A connection for tests to look at the server, or to act as another client. One thread at a time.
/// Errors: std::runtime_error when the connection breaks or nothing arrives for 10 s. Raises no SIGPIPE.
class RawRedis {
 public:
  explicit RawRedis(std::uint16_t port);
  explicit RawRedis(const std::string& socket_path);
  ~RawRedis();
  RawRedis(RawRedis&& other) noexcept;
  RawRedis& operator=(RawRedis&&) = delete;

  RawReply command(std::initializer_list<std::string_view> words);
  RawReply command(const std::vector<std::string>& words);

  /// The text of the reply; errors of the server are thrown.
  std::string text(std::initializer_list<std::string_view> words);
  std::int64_t integer(std::initializer_list<std::string_view> words);
  /// The value of one line of INFO, `connected_clients` for one; empty when there is no such line.
  std::string info(std::string_view field);
  /// The lines of CLIENT LIST.
  std::vector<std::string> client_list();

  /// Sends bytes as they are, and reads one reply: for what no proper client would send.
  void send(std::string_view bytes);
  RawReply receive();

 private:
  template <class Words>
  RawReply round_trip(const Words& words);
  std::string line();
  void fill();

  int fd_ = -1;
  std::string buffer_;
  std::size_t at_ = 0;
};

}  // namespace redstart::test
