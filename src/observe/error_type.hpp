// SPDX-License-Identifier: Apache-2.0
// error_type.hpp: the bounded list of errors that statistics count.
#pragma once

#include <redstart/core/errc.hpp>
#include <redstart/core/server_reply.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace redstart::inline v0 {

/// Error words that Redis and Valkey send, sorted. Scripts and modules can invent any number of others.
inline constexpr std::string_view known_error_words[] = {
    "ASK",      "BUSY",      "BUSYGROUP", "BUSYKEY",    "CLUSTERDOWN", "CROSSSLOT", "DENIED",
    "ERR",      "EXECABORT", "INPROG",    "INVALIDOBJ", "IOERR",       "LOADING",   "MASTERDOWN",
    "MISCONF",  "MOVED",     "NOADDR",    "NOAUTH",     "NOGOODSLAVE", "NOGROUP",   "NOMASTERLINK",
    "NOPERM",   "NOPROTO",   "NOQUORUM",  "NOREPLICAS", "NOSCRIPT",    "NOTBUSY",   "OOM",
    "READONLY", "REDIRECT",  "TRYAGAIN",  "UNBLOCKED",  "UNKILLABLE",  "WRONGPASS", "WRONGTYPE",
};
inline constexpr std::size_t known_error_word_count = std::size(known_error_words);

/// The kind of a failure in statistics: the word of a server's error, `_OTHER` for words that are not known,
/// or the code of the library. There are `ErrorType::count` kinds, whatever servers and scripts send.
class ErrorType {
 public:
  static constexpr std::size_t count = known_error_word_count + 1 + std::size(errc_table);

  /// The kind of an error reply.
  [[nodiscard]] static constexpr ErrorType of_reply(std::string_view message) noexcept {
    const std::string_view word = error_word(message);
    std::size_t begin = 0;
    for (std::size_t end = known_error_word_count; begin < end;) {
      const std::size_t middle = begin + (end - begin) / 2;
      if (known_error_words[middle] == word) return ErrorType(middle);
      if (known_error_words[middle] < word)
        begin = middle + 1;
      else
        end = middle;
    }
    return ErrorType(known_error_word_count);
  }
  /// The kind of a failure: that of the reply for `Errc::server_error`.
  [[nodiscard]] static constexpr ErrorType of(Errc code, std::string_view message) noexcept {
    if (code == Errc::server_error) return of_reply(message);
    return ErrorType(known_error_word_count + 1 + static_cast<std::size_t>(code));
  }
  /// Preconditions: `index` < `count`.
  [[nodiscard]] static constexpr ErrorType at(std::size_t index) noexcept { return ErrorType(index); }

  [[nodiscard]] constexpr std::size_t index() const noexcept { return index_; }
  [[nodiscard]] constexpr bool of_server() const noexcept { return index_ <= known_error_word_count; }
  [[nodiscard]] constexpr std::string_view name() const noexcept {
    if (index_ < known_error_word_count) return known_error_words[index_];
    if (index_ == known_error_word_count) return "_OTHER";
    return errc_table[index_ - known_error_word_count - 1].name;
  }
  /// True if a command of a database can fail so.
  [[nodiscard]] constexpr bool is_of_commands() const noexcept {
    if (of_server()) return true;
    switch (static_cast<Errc>(index_ - known_error_word_count - 1)) {
      case Errc::configuration:
      case Errc::unknown_database:
      case Errc::not_started:
      case Errc::server_error: return false;
      default: return true;
    }
  }

 private:
  constexpr explicit ErrorType(std::size_t index) noexcept : index_(static_cast<std::uint8_t>(index)) {}

  std::uint8_t index_;
};
static_assert(ErrorType::count <= 256);

}  // namespace redstart::inline v0
