// SPDX-License-Identifier: Apache-2.0
// message_reader.hpp: splits a stream of bytes into requests or replies.
#pragma once

#include "../resp/scanner.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace redstart::inline v0::testing::detail {

/// Splits a stream into RESP messages. Anything else passes unchanged and uncounted.
class MessageReader {
 public:
  struct Message {
    std::string bytes{};  // without the part that was already taken
    std::string name{};   // command name of a request in capitals; otherwise empty
    bool push = false;
  };

  void feed(std::string_view bytes) { buffer_.append(bytes); }

  /// Returns the next complete message; empty if it is incomplete.
  std::optional<Message> next();

  /// Takes the available part of an incomplete message, or all bytes that are not RESP. Reading of the
  /// message continues.
  std::string take_part();

  /// Whether a part of the current message was taken.
  [[nodiscard]] bool part_taken() const noexcept { return taken_ > 0; }
  /// Whether the bytes were not RESP.
  [[nodiscard]] bool foreign() const noexcept { return foreign_; }

 private:
  void compact();

  std::string buffer_{};
  std::size_t begin_ = 0;  // beginning of the incomplete message
  std::size_t taken_ = 0;  // bytes of it that were taken
  bool foreign_ = false;
  resp::Scanner scanner_{};
};

[[nodiscard]] std::string in_capitals(std::string_view text);

}  // namespace redstart::inline v0::testing::detail
