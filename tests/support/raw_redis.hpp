// SPDX-License-Identifier: Apache-2.0
// raw_redis.hpp: a blocking Redis connection independent of the library.
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
  std::string text{};                ///< of all types except arrays
  std::vector<RawReply> elements{};  ///< of arrays

  [[nodiscard]] bool is_error() const noexcept { return type == '-'; }
  [[nodiscard]] std::int64_t integer() const;
  /// Returns the value after `key` in an array of alternating keys and values; a null reply if there is none.
  [[nodiscard]] const RawReply& at(std::string_view key) const;
};

/// A connection with which tests inspect the server or act as another client.
///
/// Thread safety: none. Errors: std::runtime_error if the connection breaks or nothing arrives for 10 s.
/// Never raises SIGPIPE.
class RawRedis {
 public:
  explicit RawRedis(std::uint16_t port);
  explicit RawRedis(const std::string& socket_path);
  ~RawRedis();
  RawRedis(RawRedis&& other) noexcept;
  RawRedis& operator=(RawRedis&&) = delete;

  RawReply command(std::initializer_list<std::string_view> words);
  RawReply command(const std::vector<std::string>& words);

  /// Returns the text of the reply. Throws if the reply is an error.
  std::string text(std::initializer_list<std::string_view> words);
  std::int64_t integer(std::initializer_list<std::string_view> words);
  /// Returns the value of one field of INFO, such as `connected_clients`; empty if there is none.
  std::string info(std::string_view field);
  /// Returns the lines of CLIENT LIST.
  std::vector<std::string> client_list();

  /// Sends bytes unchanged and reads one reply. For input that no correct client sends.
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
