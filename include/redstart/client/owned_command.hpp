// SPDX-License-Identifier: Apache-2.0
// owned_command.hpp: a command as a value, which any handle can run.
#pragma once

#include <redstart/commands/all.hpp>
#include <redstart/engine/owned_request.hpp>

#include <string_view>
#include <utility>

namespace redstart::inline v0 {

/// An encoded command that owns its bytes; made by `cmd`, run by `exec` of any handle.
///
/// Thread safety: may be run by several threads at once.
template <class R>
class OwnedCommand {
 public:
  template <class... A>
  explicit OwnedCommand(const Command<R, A...>& command) : encoded_(command) {}

  /// The command in RESP.
  [[nodiscard]] std::string_view bytes() const noexcept { return encoded_.bytes.view(); }
  /// The name of the command as its row has it; of a command without a row the first word.
  [[nodiscard]] std::string_view name() const noexcept { return engine::title_of(encoded_); }
  [[nodiscard]] Session session() const noexcept { return encoded_.traits.session; }

  /// For handles: the request of one synchronous call, which refers to this command.
  [[nodiscard]] engine::Request request() const { return engine::Request(encoded_); }
  /// For handles: the request of one asynchronous operation. Errors: std::bad_alloc.
  [[nodiscard]] engine::OwnedRequest owned_request() const {
    engine::OwnedRequest request;
    request.traits = encoded_.traits;
    request.bytes.append(encoded_.bytes.view());
    return request;
  }

 private:
  engine::Encoded encoded_;
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

}  // namespace redstart::inline v0
