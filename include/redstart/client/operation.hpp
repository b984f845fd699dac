// SPDX-License-Identifier: Apache-2.0
// operation.hpp: an asynchronous command that has not been started yet.
#pragma once

#include <redstart/client/async_receivers.hpp>
#include <redstart/client/operation_await.hpp>
#include <redstart/client/operation_node.hpp>
#include <redstart/commands/command.hpp>
#include <redstart/engine/async_channel.hpp>
#include <redstart/engine/session_check.hpp>

#include <boost/asio/async_result.hpp>

#include <type_traits>
#include <utility>

namespace redstart::inline v0 {

namespace detail {

/// The request and the options that an operation carries until it is started.
template <class Receiver>
struct Call {
  using Seed = typename Receiver::Seed;

  template <class R, class... A>
  Call(const Command<R, A...>& command, const engine::CallOptions& options_of)
      : request(command), options(options_of) {}
  Call(engine::OwnedRequest&& what, const engine::CallOptions& options_of, Seed with = {})
      : request(std::move(what)), options(options_of), seed(std::move(with)) {}

  engine::OwnedRequest request;
  engine::CallOptions options;
  [[no_unique_address]] Seed seed{};
};

/// Starts an operation once a completion token has turned into a handler.
template <class Signature, class Receiver>
class Initiation {
 public:
  using executor_type = boost::asio::any_io_executor;

  explicit Initiation(engine::AsyncChannelPtr&& channel) noexcept : channel_(std::move(channel)) {}
  [[nodiscard]] const executor_type& get_executor() const noexcept { return channel_->executor(); }

  template <class Handler>
  void operator()(Handler&& handler, Call<Receiver>&& call) && {
    using Node = HandlerNode<std::decay_t<Handler>, Signature, Receiver>;
    Node& node = Node::make(std::forward<Handler>(handler), std::move(channel_), std::move(call.request),
                            std::move(call.seed));
    node.options = call.options;
#if BOOST_ASIO_VERSION >= 102800
    const StartMark mark(&node);
#endif
    engine::AsyncChannel& channel = node.channel();
    if (engine::may_be_refused(node.request.traits)) [[unlikely]] {
      if (auto refused = refusal_of(channel, node)) return channel.reject(node, *std::move(refused));
    }
    node.connect_slot();
    node.receiver().start(channel, node);
  }

 private:
  engine::AsyncChannelPtr channel_;
};

}  // namespace detail

/// An asynchronous operation that has not been started. Start it with a completion token of Asio's, or await
/// it as it stands:
///
///     async.get("key")([](std::exception_ptr error, std::optional<std::string> value) { … });
///     std::future<std::optional<std::string>> value = async.get("key")(asio::use_future);
///     auto value = co_await async.get("key");
///
/// Owns all its bytes: may be started when the arguments of its command are gone. One that is dropped instead
/// does nothing.
///
/// Completion: exactly once, never inside the call that starts it. A handler with an executor of its own runs
/// there; one without runs on the thread that read the reply and should be quick. Until then work is tracked
/// on the handler's executor.
/// Cancellation: of each kind, through the handler's cancellation slot. `total` is honoured only while the
/// command has not been sent; `partial` and `terminal` always: `Errc::cancelled`, whose effect shows whether
/// the command may still run. Errors: an `Error` as Client throws it, as std::exception_ptr or inside
/// of Result. Move-only. Thread safety: none until it is started.
template <class R, class Signature, class Receiver = detail::CommandReceiver<R>>
class [[nodiscard]] Operation {
 public:
  using value_type = R;
  using executor_type = boost::asio::any_io_executor;
  using receiver_type = Receiver;

  /// For handles.
  template <class... CallArguments>
  explicit Operation(const engine::AsyncChannelPtr& channel, CallArguments&&... arguments)
      : channel_(channel), call_(std::forward<CallArguments>(arguments)...) {}
  Operation(Operation&&) noexcept = default;
  Operation& operator=(Operation&&) noexcept = default;
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;
  ~Operation() = default;

  /// Where its handler runs if it has no executor of its own.
  [[nodiscard]] const executor_type& get_executor() const noexcept { return channel_->executor(); }

  /// Starts the operation; what it returns depends on the token.
  template <boost::asio::completion_token_for<Signature> Token>
  auto operator()(Token&& token) && {
    return boost::asio::async_initiate<Token, Signature>(
        detail::Initiation<Signature, Receiver>(std::move(channel_)), token, std::move(call_));
  }
  /// As the call with a completion token, for a handler.
  template <class Handler>
  void start(Handler&& handler) && {
    detail::Initiation<Signature, Receiver>(std::move(channel_))(std::forward<Handler>(handler),
                                                                 std::move(call_));
  }

 private:
  engine::AsyncChannelPtr channel_;
  detail::Call<Receiver> call_;
};

}  // namespace redstart::inline v0
