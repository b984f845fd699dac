// SPDX-License-Identifier: Apache-2.0
// writer.hpp: encodes commands as arrays of bulk strings.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <redstart/resp/buffer.hpp>

namespace redstart::inline v0::resp {

/// Bytes of a command that stay in the memory of the caller. They are sent before buffer offset `offset`.
struct External {
  std::size_t offset;
  const char* data;
  std::size_t size;
};

namespace detail {

// "$<n>\r\n" for n < 100, so that a typical header is one 8-byte copy.
struct ShortHeader {
  char text[7];
  std::uint8_t size;
};

constexpr std::array<ShortHeader, 100> make_short_headers() {
  std::array<ShortHeader, 100> headers{};
  for (unsigned n = 0; n != 100; ++n) {
    ShortHeader& header = headers[n];
    std::uint8_t at = 0;
    header.text[at++] = '$';
    if (n >= 10) header.text[at++] = static_cast<char>('0' + n / 10);
    header.text[at++] = static_cast<char>('0' + n % 10);
    header.text[at++] = '\r';
    header.text[at++] = '\n';
    header.size = at;
  }
  return headers;
}

inline constexpr std::array<ShortHeader, 100> short_headers = make_short_headers();

}  // namespace detail

/// Appends commands to a Buffer. Every argument is length-prefixed, so that none of its bytes can be parsed
/// as protocol.
///
/// Lifetimes: refers to the buffer and to the list of externals, whose entries refer to the caller's
/// arguments.
class Writer {
 public:
  /// Redis's default `proto-max-bulk-len`.
  static constexpr std::size_t max_bulk = std::size_t{512} << 20;

  explicit Writer(Buffer& buffer) noexcept : buffer_(buffer) {}
  /// Arguments of at least `threshold` bytes are not copied but added to `externals`.
  Writer(Buffer& buffer, std::vector<External>& externals, std::size_t threshold) noexcept
      : buffer_(buffer), externals_(&externals), threshold_(threshold) {}

  /// Begins a command of `count` arguments, including its name.
  void array(std::size_t count) {
    char* const begin = buffer_.extend(header_room);
    char* const end = header(begin, count);
    *begin = '*';
    buffer_.commit(static_cast<std::size_t>(end - begin));
  }

  /// Adds an argument. Errors: std::length_error above max_bulk.
  void bulk(std::string_view argument) {
    const std::size_t size = argument.size();
    if (size >= threshold_) [[unlikely]]
      return large(argument);
    if (size > max_bulk) [[unlikely]]
      refuse(size);
    char* const begin = buffer_.extend(size + header_room + 2);
    char* p = header(begin, size);
    if (size != 0) std::memcpy(p, argument.data(), size);
    p += size;
    p[0] = '\r';
    p[1] = '\n';
    buffer_.commit(static_cast<std::size_t>(p + 2 - begin));
  }

  /// Adds an integer in decimal; `bool` as 1 or 0.
  template <std::integral T>
  void bulk(T number) {
    if constexpr (std::same_as<T, bool>) {
      bulk(std::string_view(number ? "1" : "0"));
    } else {
      char text[24];
      const auto result = std::to_chars(text, text + sizeof text, number);
      bulk(std::string_view(text, static_cast<std::size_t>(result.ptr - text)));
    }
  }

  /// Adds a floating-point number in the shortest form that converts back to the same value. Infinity is
  /// `inf` or `-inf`.
  template <std::floating_point T>
  void bulk(T number) {
    char text[32];
    const auto result = std::to_chars(text, text + sizeof text, number);
    bulk(std::string_view(text, static_cast<std::size_t>(result.ptr - text)));
  }

  /// Adds a character as a string of one byte.
  void bulk(char character) { bulk(std::string_view(&character, 1)); }
  void bulk(const char* text) { bulk(std::string_view(text)); }
  void bulk(const std::string& text) { bulk(std::string_view(text)); }

  /// Appends bytes that are already encoded.
  void raw(std::string_view bytes) { buffer_.append(bytes); }

  Buffer& buffer() noexcept { return buffer_; }

 private:
  // Type byte, 20 digits and CRLF; at least 8 for the copy of a short header.
  static constexpr std::size_t header_room = 24;

  static char* header(char* p, std::size_t n) noexcept {
    if (n < detail::short_headers.size()) [[likely]] {
      std::memcpy(p, &detail::short_headers[n], 8);
      return p + detail::short_headers[n].size;
    }
    *p = '$';
    p = std::to_chars(p + 1, p + header_room, n).ptr;
    p[0] = '\r';
    p[1] = '\n';
    return p + 2;
  }

  [[gnu::noinline]] void large(std::string_view argument) {
    if (argument.size() > max_bulk) refuse(argument.size());
    char* const begin = buffer_.extend(header_room);
    buffer_.commit(static_cast<std::size_t>(header(begin, argument.size()) - begin));
    // A threshold is only set together with externals.
    // NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage)
    if (!argument.empty()) externals_->push_back({buffer_.size(), argument.data(), argument.size()});
    buffer_.append("\r\n");
  }

  [[noreturn, gnu::noinline]] static void refuse(std::size_t size) {
    throw std::length_error("an argument of " + std::to_string(size) +
                            " bytes exceeds the limit of 512 MiB (Redis's proto-max-bulk-len)");
  }

  Buffer& buffer_;
  std::vector<External>* externals_ = nullptr;
  std::size_t threshold_ = static_cast<std::size_t>(-1);
};

}  // namespace redstart::inline v0::resp
