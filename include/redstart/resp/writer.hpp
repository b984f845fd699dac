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

/// Bytes of a command that stay where the caller has them: they belong in front of buffer offset `offset`.
struct External {
  std::size_t offset;
  const char* data;
  std::size_t size;
};

namespace detail {

// "$<n>\r\n" for n < 100, so that a usual header is one 8-byte copy.
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

/// Appends commands to a Buffer. Every argument goes length-prefixed, so that no byte of it can become
/// protocol.
///
/// Lifetimes: refers to the buffer; with externals also to the list, whose entries refer to the callers'
/// arguments.
class Writer {
 public:
  /// Redis's default `proto-max-bulk-len`.
  static constexpr std::size_t max_bulk = std::size_t{512} << 20;

  explicit Writer(Buffer& buffer) noexcept : buffer_(buffer) {}
  /// Arguments of `threshold` bytes and more are not copied but listed in `externals`.
  Writer(Buffer& buffer, std::vector<External>& externals, std::size_t threshold) noexcept
      : buffer_(buffer), externals_(&externals), threshold_(threshold) {}

  /// Begins a command of `count` arguments, its name included.
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

  /// Adds a floating-point number in the shortest form that reads back the same; `inf` and `-inf` for
  /// infinity.
  template <std::floating_point T>
  void bulk(T number) {
    char text[32];
    const auto result = std::to_chars(text, text + sizeof text, number);
    bulk(std::string_view(text, static_cast<std::size_t>(result.ptr - text)));
  }

  /// A character is a string of one byte.
  void bulk(char character) { bulk(std::string_view(&character, 1)); }
  void bulk(const char* text) { bulk(std::string_view(text)); }
  void bulk(const std::string& text) { bulk(std::string_view(text)); }

  /// Appends bytes that are encoded already.
  void raw(std::string_view bytes) { buffer_.append(bytes); }

  Buffer& buffer() noexcept { return buffer_; }

 private:
  static constexpr std::size_t header_room = 24;  // type byte, 20 digits, CRLF; 8 for the copy of a short one

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
    // A threshold comes with externals.
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
