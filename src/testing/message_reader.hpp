// SPDX-License-Identifier: Apache-2.0
// message_reader.hpp: finds where requests and replies end in a stream of bytes, and their names.
#pragma once

#include "../resp/scanner.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace redstart::testing::detail {

/// Cuts a stream into RESP messages. What is not RESP goes through as it is, uncounted.
class MessageReader {
 public:
  struct Message {
    std::string bytes{};  // without the part that was taken before
    std::string name{};   // of the command in a request, in capitals; empty where there is none
    bool push = false;
  };

  void feed(std::string_view bytes) { buffer_.append(bytes); }

  /// The next whole message; nothing when it has not all come.
  std::optional<Message> next();

  /// Takes what has come of an unfinished message, or all that is not RESP. The message goes on being read.
  std::string take_part();

  /// True inside of a message of which a part was taken.
  [[nodiscard]] bool part_taken() const noexcept { return taken_ > 0; }
  /// True where the bytes were no RESP.
  [[nodiscard]] bool foreign() const noexcept { return foreign_; }

 private:
  void compact();

  std::string buffer_{};
  std::size_t begin_ = 0;  // of the unfinished message
  std::size_t taken_ = 0;  // bytes of it that were taken
  bool foreign_ = false;
  resp::Scanner scanner_{};
};

[[nodiscard]] std::string in_capitals(std::string_view text);

}  // namespace redstart::testing::detail
