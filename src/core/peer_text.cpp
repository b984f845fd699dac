// SPDX-License-Identifier: Apache-2.0
// peer_text.cpp: shortens, removes repeated arguments, redacts and escapes.
#include "redaction.hpp"

#include <redstart/core/peer_text.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace redstart::inline v0 {

namespace {

constexpr std::string_view ellipsis = "…";

// One character, or one byte that is part of none.
struct Unit {
  std::size_t size = 1;
  bool shown = false;  // without escaping
};

// Invisible characters that would break lines or change the order of others.
constexpr bool is_hidden(std::uint32_t character) noexcept {
  return (character >= 0x80 && character <= 0x9F) || (character >= 0x200B && character <= 0x200F) ||
         (character >= 0x2028 && character <= 0x202E) || (character >= 0x2060 && character <= 0x206F) ||
         character == 0xFEFF;
}

// Precondition: `text` is not empty.
constexpr Unit unit_of(std::string_view text) noexcept {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return {1, first >= 0x20 && first != 0x7F};
  const std::size_t size = first >= 0xF0 ? 4U : first >= 0xE0 ? 3U : 2U;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return {};
  std::uint32_t character = first & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0U) != 0x80) return {};
    character = (character << 6U) | (next & 0x3FU);
  }
  const bool overlong = character < (size == 3 ? 0x800U : size == 4 ? 0x10000U : 0x80U);
  if (overlong || character > 0x10FFFF || (character >= 0xD800 && character <= 0xDFFF)) return {};
  return {size, !is_hidden(character)};
}

void escape(std::string& out, std::string_view bytes) {
  constexpr std::string_view hex = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        out += "\\x";
        out += hex[byte >> 4U];
        out += hex[byte & 15U];
    }
  }
}

// Returns the first bytes of a longer text; it divides no character.
std::string_view beginning(std::string_view text, std::size_t most) noexcept {
  if (text.size() <= most) return text;
  std::size_t size = most;
  while (size != 0 && most - size < 4 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80) --size;
  return text.substr(0, most - size < 4 ? size : most);
}

// Finds the bytes that servers repeat from arguments, which may be secrets, whatever the command is.
struct Repeated {
  std::size_t begin = 0;
  std::size_t end = 0;
};
Repeated repeated(std::string_view text, bool cut) noexcept {
  constexpr std::string_view modifier = "ACL SETUSER modifier '";
  if (std::size_t begin = text.find(modifier); begin != std::string_view::npos) {
    begin += modifier.size();
    const std::size_t end = cut ? std::string_view::npos : text.rfind("': ");
    return {begin, end == std::string_view::npos || end < begin ? text.size() : end};
  }
  constexpr std::string_view argument = "Invalid argument '";
  if (std::size_t begin = text.find(argument); begin != std::string_view::npos) {
    begin += argument.size();
    for (const std::string_view command : {"' for CONFIG SET '", "' for SENTINEL SET '"}) {
      const std::size_t end = text.rfind(command);
      if (end == std::string_view::npos || end < begin) continue;
      const std::string_view setting = text.substr(end + command.size());
      if (setting.find("pass") != std::string_view::npos || setting.find("auth") != std::string_view::npos)
        return {begin, end};
    }
  }
  return {};
}

// Writes up to a limit, and remembers how much still fits if the mark must follow.
class Output {
 public:
  explicit Output(std::size_t most) noexcept
      : most_(most), reserve_(most < 2 * counted ? ellipsis.size() : counted) {}

  // Appends the form of the text up to `read`. False: the output is full.
  bool add(std::string_view text, std::size_t read) {
    if (text_.size() + text.size() > most_) return false;
    text_ += text;
    if (text_.size() + reserve_ <= most_) {
      fits_ = text_.size();
      read_ = read;
    }
    return true;
  }
  // The text is longer: it has `whole` bytes.
  std::string shortened(std::size_t whole) && {
    text_.resize(fits_);
    if (reserve_ > most_) return std::move(text_);
    text_ += ellipsis;
    if (reserve_ == counted) text_ += " (" + std::to_string(whole - read_) + " more bytes)";
    return std::move(text_);
  }
  std::string complete() && { return std::move(text_); }

 private:
  static constexpr std::size_t counted = 40;

  std::size_t most_;
  std::size_t reserve_;
  std::size_t fits_ = 0;
  std::size_t read_ = 0;
  std::string text_{};
};

}  // namespace

bool is_presentable(std::string_view text, std::size_t most) noexcept {
  if (text.size() > most) return false;
  while (!text.empty()) {
    const Unit unit = unit_of(text);
    if (!unit.shown) return false;
    text.remove_prefix(unit.size);
  }
  return true;
}

std::string peer_text(std::string_view text, const PeerTextOptions& options) {
  const std::size_t given = text.size();
  const std::size_t whole = options.whole < given ? given : options.whole;
  text = beginning(text, options.most);
  bool cut = text.size() < whole;
  if (const std::size_t at = text.find(", with args beginning with"); at != std::string_view::npos) {
    text = text.substr(0, at);
    cut = false;
  }
  const Repeated hidden = repeated(text, cut);
  const std::vector<bool> secret =
      options.secrets.empty() ? std::vector<bool>() : detail::secret_bytes(text, cut, options.secrets);
  const auto covered = [&](std::size_t at) {
    return (at >= hidden.begin && at < hidden.end) || (!secret.empty() && secret[at]);
  };

  Output out(options.most);
  std::string escaped;
  for (std::size_t at = 0; at < text.size();) {
    if (covered(at)) {
      while (at < text.size() && covered(at)) ++at;
      if (!out.add("***", at)) return std::move(out).shortened(whole);
      continue;
    }
    const Unit unit = unit_of(text.substr(at));
    const std::string_view bytes = text.substr(at, unit.size);
    at += unit.size;
    if (unit.shown) {
      if (!out.add(bytes, at)) return std::move(out).shortened(whole);
      continue;
    }
    escaped.clear();
    escape(escaped, bytes);
    if (!out.add(escaped, at)) return std::move(out).shortened(whole);
  }
  return cut ? std::move(out).shortened(whole) : std::move(out).complete();
}

}  // namespace redstart::inline v0
