// SPDX-License-Identifier: Apache-2.0
// command.hpp: a command with its row, arguments and reply type.
#pragma once

#include <redstart/commands/argument.hpp>
#include <redstart/commands/command_info.hpp>
#include <redstart/resp/decode.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace redstart::inline v0 {

/// A command with reply type `R`, as a parameter of `submit`.
///
/// Lifetimes: refers to its row and arguments, so it is never stored.
template <class R, class... A>
class Command {
 public:
  using reply_type = R;

  explicit Command(const CommandInfo& info, const A&... arguments) : info_(info), arguments_(arguments...) {}
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  [[nodiscard]] const CommandInfo& info() const noexcept { return info_; }

  /// The retry category of this call: that of the row, changed by options.
  [[nodiscard]] Retry retry() const {
    Retry category = info_.retry;
    each([&category](const auto& argument) {
      if constexpr (requires { argument.retry(category); }) category = argument.retry(category);
    });
    return category;
  }

  /// How long the server may hold back the reply on purpose. Empty if the command doesn't block, zero for no
  /// limit.
  [[nodiscard]] std::optional<std::chrono::milliseconds> blocks_for() const {
    std::optional<std::chrono::milliseconds> time;
    each([&time](const auto& argument) {
      if constexpr (requires { argument.blocks_for(); }) time = argument.blocks_for();
    });
    return time;
  }

  /// True if a container of keys, fields or elements is empty.
  [[nodiscard]] bool lacks_arguments() const {
    bool lacks = false;
    each([&lacks](const auto& argument) {
      if constexpr (requires { argument.is_empty(); }) lacks = lacks || argument.is_empty();
    });
    return lacks;
  }

  /// Writes the command in RESP.
  void encode(resp::Writer& writer) const {
    std::apply(
        [&](const A&... arguments) {
          writer.array(info_.wire.words() + (std::size_t{0} + ... + argument<A>::count(arguments)));
          writer.raw(info_.wire.bytes());
          (argument<A>::write(writer, arguments), ...);
        },
        arguments_);
  }

 private:
  template <class F>
  void each(F function) const {
    std::apply([&](const A&... arguments) { (function(arguments), ...); }, arguments_);
  }

  const CommandInfo& info_;
  std::tuple<const A&...> arguments_;
};

/// The type that an executor (Client, Results, Pipeline, …) returns for a reply of type `R`. Specialised
/// before the definition of each executor.
template <class Executor>
struct executor_traits;
template <class Executor, class R>
using reply_t = typename executor_traits<Executor>::template reply<R>;

namespace detail {

/// Writes no argument; sets the retry category of this call where the form of a command decides it.
struct RetryAs {
  Retry category;

  template <class Put>
  void arguments(Put&) const {}
  [[nodiscard]] Retry retry(Retry) const noexcept { return category; }
};

/// Passes a command of a group to the executor that derives from the group.
template <class R, template <class> class Group, class Self, class... A>
auto submit(const Group<Self>& group, const CommandInfo& info, const A&... arguments) -> reply_t<Self, R> {
  static_assert(resp::decodable<R>,
                "no reply can be read into this type: specialise redstart::codec for it, or include "
                "redstart/json.hpp (redstart/resp/value.hpp for a Value)");
  if constexpr (resp::decodable<R>) {
    return static_cast<const Self&>(group).submit(Command<R, A...>(info, arguments...));
  } else {
    __builtin_unreachable();  // does not compile
  }
}

}  // namespace detail
}  // namespace redstart::inline v0
