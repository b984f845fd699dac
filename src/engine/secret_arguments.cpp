// SPDX-License-Identifier: Apache-2.0
// secret_arguments.cpp: reads commands back from their encoded form, where they have failed.
#include "secret_arguments.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

namespace redstart::inline v0::engine {

namespace {

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr bool same(std::string_view text, std::string_view word) noexcept {
  if (text.size() != word.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (lower(text[i]) != word[i]) return false;
  return true;
}

constexpr bool contains(std::string_view text, std::string_view word) noexcept {
  for (std::size_t at = 0; at + word.size() <= text.size(); ++at)
    if (same(text.substr(at, word.size()), word)) return true;
  return false;
}

// Walks over the arguments of one command. Large ones may lie outside of `bytes`.
class Arguments {
 public:
  explicit Arguments(const Outgoing& out) noexcept : out_(out) { left_ = number('*'); }

  [[nodiscard]] bool more() const noexcept { return left_ != 0; }
  // Empty once the bytes end before the arguments do.
  std::string_view next() noexcept {
    --left_;
    const std::size_t size = number('$');
    std::string_view argument;
    if (external_ < out_.external.size() && out_.external[external_].offset == at_) {
      argument = {out_.external[external_].data, out_.external[external_].size};
      ++external_;
    } else {
      argument = out_.bytes.substr(at_, size);
      at_ += argument.size();
    }
    at_ = std::min(at_ + 2, out_.bytes.size());
    if (at_ == out_.bytes.size() && size != argument.size()) left_ = 0;
    return argument;
  }
  [[nodiscard]] std::size_t position() const noexcept { return at_; }

 private:
  std::size_t number(char kind) noexcept {
    if (at_ >= out_.bytes.size() || out_.bytes[at_] != kind) {
      left_ = 0;
      return 0;
    }
    std::size_t value = 0;
    for (++at_; at_ < out_.bytes.size() && out_.bytes[at_] != '\r'; ++at_)
      value = value * 10 + static_cast<std::size_t>(out_.bytes[at_] - '0');
    at_ = std::min(at_ + 2, out_.bytes.size());
    return value;
  }

  const Outgoing& out_;
  std::size_t at_ = 0;
  std::size_t left_ = 0;
  std::size_t external_ = 0;
};

// How a command holds secrets.
enum class Holds : std::uint8_t {
  nothing,
  all,         // every argument but keywords
  after_auth,  // behind the word AUTH, or AUTH2
  rules,       // those of ACL SETUSER
  settings,    // where an argument names a setting that is a password: all but such names
};

Holds holds(std::string_view command) noexcept {
  if (same(command, "auth") || same(command, "hello")) return Holds::all;
  if (same(command, "migrate")) return Holds::after_auth;
  if (same(command, "acl")) return Holds::rules;
  constexpr std::array administration{
      std::string_view("config"),  std::string_view("sentinel"), std::string_view("client"),
      std::string_view("module"),  std::string_view("cluster"),  std::string_view("replicaof"),
      std::string_view("slaveof"), std::string_view("replconf"), std::string_view("debug")};
  for (const std::string_view word : administration)
    if (same(command, word)) return Holds::settings;
  return Holds::nothing;
}

bool is_keyword(std::string_view argument) noexcept {
  constexpr std::array words{std::string_view("auth"),
                             std::string_view("auth2"),
                             std::string_view("setname"),
                             std::string_view("default"),
                             std::string_view("setuser"),
                             std::string_view("on"),
                             std::string_view("off"),
                             std::string_view("nopass"),
                             std::string_view("resetpass"),
                             std::string_view("reset"),
                             std::string_view("resetkeys"),
                             std::string_view("allkeys"),
                             std::string_view("allchannels"),
                             std::string_view("resetchannels"),
                             std::string_view("allcommands"),
                             std::string_view("nocommands"),
                             std::string_view("clearselectors"),
                             std::string_view("sanitize-payload"),
                             std::string_view("skip-sanitize-payload")};
  return std::any_of(words.begin(), words.end(), [=](std::string_view word) { return same(argument, word); });
}

// Rules about commands, keys and channels have a sign; what has none, or that of a password, may be one.
bool is_harmless_rule(std::string_view argument) noexcept {
  constexpr std::string_view signs = "+-~&%()";
  return argument.empty() || signs.find(argument.front()) != std::string_view::npos || is_keyword(argument);
}

// True where it may be the name of a setting that is a password. A password may look like that as well.
bool names_a_secret(std::string_view argument) noexcept {
  constexpr std::size_t longest_name = 64;
  constexpr std::string_view others = "-_.";
  return argument.size() <= longest_name &&
         std::all_of(argument.begin(), argument.end(),
                     [=](char c) {
                       return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') ||
                              others.find(c) != std::string_view::npos;
                     }) &&
         (contains(argument, "pass") || contains(argument, "auth") || contains(argument, "secret") ||
          contains(argument, "token"));
}

std::vector<std::string_view> choose(Holds what, std::span<const std::string_view> arguments) {
  std::vector<std::string_view> secrets;
  const auto add = [&secrets](std::string_view argument) {
    if (!argument.empty()) secrets.push_back(argument);
  };
  switch (what) {
    case Holds::nothing: break;
    case Holds::all:
      for (const std::string_view argument : arguments)
        if (!is_keyword(argument) && argument != "2" && argument != "3") add(argument);
      break;
    case Holds::after_auth: {
      const auto word = std::find_if(arguments.begin(), arguments.end(), [](std::string_view argument) {
        return same(argument, "auth") || same(argument, "auth2");
      });
      if (word == arguments.end()) break;
      const auto count = std::min<std::ptrdiff_t>(arguments.end() - word - 1, same(*word, "auth2") ? 2 : 1);
      for (const std::string_view argument : std::span(word + 1, word + 1 + count)) add(argument);
      break;
    }
    case Holds::rules:
      if (arguments.size() < 3 || !same(arguments.front(), "setuser")) break;
      for (const std::string_view argument : arguments.subspan(2)) {
        if (is_harmless_rule(argument)) continue;
        constexpr std::string_view signs = "><#!";
        add(signs.find(argument.front()) == std::string_view::npos ? argument : argument.substr(1));
      }
      break;
    case Holds::settings:
      if (std::none_of(arguments.begin(), arguments.end(), names_a_secret)) break;
      for (std::size_t i = 1; i < arguments.size(); ++i)
        if (!names_a_secret(arguments[i]) || names_a_secret(arguments[i - 1])) add(arguments[i]);
      break;
  }
  return secrets;
}

}  // namespace

std::vector<std::string_view> secret_arguments(const Outgoing& out) {
  Arguments arguments(out);
  if (!arguments.more()) return {};
  const Holds what = holds(arguments.next());
  if (what == Holds::nothing) return {};
  std::vector<std::string_view> all;
  while (arguments.more()) all.push_back(arguments.next());
  return choose(what, all);
}

std::vector<std::string_view> secret_arguments(std::string_view encoded) {
  return secret_arguments(Outgoing{encoded, {}});
}

std::string_view skip_commands(std::string_view encoded, std::size_t commands) noexcept {
  for (; commands != 0; --commands) {
    const Outgoing out{encoded, {}};
    Arguments arguments(out);
    while (arguments.more()) static_cast<void>(arguments.next());
    encoded.remove_prefix(arguments.position());
  }
  return encoded;
}

}  // namespace redstart::inline v0::engine
