// SPDX-License-Identifier: Apache-2.0
// generic.hpp: any command by its name, with or without a typed form.
#pragma once

#include <redstart/commands/command.hpp>
#include <redstart/commands/session_state.hpp>

#include <cstddef>
#include <string_view>
#include <type_traits>

namespace redstart::inline v0 {

class Value;

namespace detail {

/// The words of a command's name: one argument each.
struct Words {
  std::string_view text;

  [[nodiscard]] std::string_view first() const noexcept { return text.substr(0, text.find(' ')); }
  /// The second word; empty if there is only one.
  [[nodiscard]] std::string_view second() const noexcept {
    const std::size_t blank = text.find(' ');
    if (blank == std::string_view::npos) return {};
    const std::string_view rest = text.substr(blank + 1);
    return rest.substr(0, rest.find(' '));
  }
  template <class Put>
  void arguments(Put& put) const {
    std::string_view rest = text;
    for (;;) {
      const std::size_t blank = rest.find(' ');
      put(rest.substr(0, blank));
      if (blank == std::string_view::npos) return;
      rest.remove_prefix(blank + 1);
    }
  }
};

inline std::string_view leading_text() noexcept { return {}; }
template <class First, class... Rest>
std::string_view leading_text(const First& first, const Rest&...) noexcept {
  if constexpr (StringLike<First>) {
    return first;
  } else {
    return {};
  }
}

}  // namespace detail

/// Any command of any server, also of modules and later versions.
template <class Self>
class GenericCommands {
 public:
  /// Sends `name` and the arguments, and returns the reply as an `R`: a `Value` (`redstart/resp/value.hpp`)
  /// unless named. `name` is one word, or words with one blank between them: `OBJECT FREQ`.
  ///
  ///     auto frequency = client.command<std::int64_t>("OBJECT", "FREQ", "key");
  ///     Value reply = client.command("MY.MODULE", 1, 2.5, "three");       // of any type
  ///
  /// The command tables apply as for typed forms. A command that changes its connection needs a scoped
  /// handle, and one that only reads may be repeated. An unknown command is never repeated after it was sent.
  /// If a command may block in the server, give the handle a longer time limit.
  template <class R = Value, Argument... A>
  requires(!std::is_void_v<R>) auto command(std::string_view name, const A&... arguments) const
      -> reply_t<Self, R> {
    const detail::Words words{name};
    const std::string_view second =
        words.second().empty() ? detail::leading_text(arguments...) : words.second();
    const CommandInfo* const row = lookup(words.first(), second);
    CommandInfo info = row != nullptr ? *row : unknown_command();
    info.wire = {};  // the words of the name are arguments
    if (row == nullptr) info.name = name;
    return detail::submit<R>(*this, info, words, arguments...);
  }
  /// Does not compile: each command has a reply.
  template <class R, Argument... A>
  requires std::is_void_v<R>
  void command(std::string_view, const A&...) const {
    static_assert(!std::is_void_v<R>, "each command has a reply: use command<Ok>, or command<Value> for any");
  }
};

}  // namespace redstart::inline v0
