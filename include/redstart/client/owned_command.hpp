// SPDX-License-Identifier: Apache-2.0
// owned_command.hpp: a command as a value: encoded once, run whenever, on whatever handle.
#pragma once

#include <redstart/client/execute.hpp>
#include <redstart/commands/all.hpp>

#include <memory>
#include <string>
#include <utility>

namespace redstart::inline v0 {

/// An encoded command that owns its bytes; made by `cmd`, run by `exec` of any handle.
///
/// Thread safety: may be run by several threads at once.
template <class R>
class OwnedCommand {
 public:
  template <class... A>
  explicit OwnedCommand(const Command<R, A...>& command)
      : name_(command.info().name), traits_(engine::traits_of(command)) {
    traits_.name = {};  // `request` sets it to `name_`, also in a copy
    resp::Writer writer(bytes_);
    command.encode(writer);
  }

  /// The command in RESP.
  [[nodiscard]] std::string_view bytes() const noexcept { return bytes_.view(); }
  [[nodiscard]] std::string_view name() const noexcept { return name_; }
  [[nodiscard]] Session session() const noexcept { return traits_.session; }

  /// The request for one run; refers to this command.
  [[nodiscard]] engine::Request request() const {
    engine::RequestTraits traits = traits_;
    traits.name = name_;
    return engine::Request(traits, bytes_.view());
  }

 private:
  std::string name_;
  engine::RequestTraits traits_;
  resp::Buffer bytes_{};
};

class Cmd;
template <>
struct executor_traits<Cmd> {
  template <class R>
  using reply = OwnedCommand<R>;
};

/// The executor behind `cmd`: hands every command back as a value.
class Cmd : public AllCommands<Cmd> {
 public:
  template <class R, class... A>
  OwnedCommand<R> submit(const Command<R, A...>& command) const {
    return OwnedCommand<R>(command);
  }
};

/// `cmd.get("key")` is the command as a value.
inline constexpr Cmd cmd{};

namespace detail {

template <class R>
Result<R> execute_owned(engine::Channel& channel, const OwnedCommand<R>& command,
                        const engine::CallOptions& options) {
  const engine::Request request = command.request();
  if (auto refused = check(channel, request)) return *std::move(refused);
  ReplyTo<R> reply(channel, request.traits().name);
  if (auto error = channel.exchange(request, reply, options)) return *std::move(error);
  if (reply.error()) return *std::move(reply.error());
  return std::move(reply).take();
}

}  // namespace detail
}  // namespace redstart::inline v0
