// SPDX-License-Identifier: Apache-2.0
// wire_name.hpp: the name of a command, encoded in RESP while compiling.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>

namespace redstart::inline v0 {

/// The words of a command's name as bulk strings: `$6\r\nCLIENT\r\n$4\r\nINFO\r\n`.
class WireName {
 public:
  /// No words: for a command whose name is among the arguments.
  constexpr WireName() noexcept = default;
  /// Each word of `name` is at most 99 bytes; one blank is between words. Errors: a name that is too long
  /// does not compile.
  constexpr explicit WireName(std::string_view name) {
    while (!name.empty()) {
      const std::size_t end = name.find(' ');
      append_word(name.substr(0, end));
      name = end == std::string_view::npos ? std::string_view{} : name.substr(end + 1);
    }
  }

  [[nodiscard]] constexpr std::string_view bytes() const noexcept { return {text_, size_}; }
  [[nodiscard]] constexpr std::size_t words() const noexcept { return words_; }

 private:
  constexpr void append(char c) {
    if (size_ == sizeof text_) throw std::length_error("command name too long");
    text_[size_++] = c;
  }
  constexpr void append_word(std::string_view word) {
    append('$');
    if (word.size() >= 10) append(static_cast<char>('0' + word.size() / 10));
    append(static_cast<char>('0' + word.size() % 10));
    append('\r');
    append('\n');
    for (const char c : word) append(c);
    append('\r');
    append('\n');
    ++words_;
  }

  char text_[46] = {};
  std::uint8_t size_ = 0;
  std::uint8_t words_ = 0;
};

}  // namespace redstart::inline v0
