// SPDX-License-Identifier: Apache-2.0
// async_receivers.hpp: what an asynchronous operation makes of the reply that it waits for.
#pragma once

#include <redstart/core/result.hpp>
#include <redstart/engine/async_channel.hpp>
#include <redstart/resp/decode.hpp>
#include <redstart/resp/error_text.hpp>
#include <redstart/resp/uses_codec.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace redstart::inline v0::detail {

/// The exception that `error.raise()` throws.
[[nodiscard]] std::exception_ptr exception_of(const Error& error);
/// The error of a frame that is an error of the server.
[[nodiscard]] Error error_in(std::string_view frame, const engine::Origin& origin,
                             const engine::OperationNode& operation);
/// Why `channel` must not send `operation`; empty if it may. The commands of a batch were checked before.
[[nodiscard]] std::optional<Error> refusal_of(const engine::AsyncChannel& channel,
                                              const engine::OperationNode& operation);

/// Frames up to this size are decoded on the loop.
inline constexpr std::size_t decoded_on_loop = 16 * 1024;

/// A reply that is decoded later, where its handler runs.
struct KeptReply {
  std::string frame;
  engine::Origin origin;
  std::string command;
};

/// Parts that a receiver does not need take no space.
struct NothingKept {};

/// Receives the reply of one command as an `R`.
///
/// A receiver lives in its node until the operation completes; then it moves to where the handler runs, and
/// `settle` is called there. Afterwards `error` or `value` holds the outcome.
template <class R>
class CommandReceiver {
  static_assert(!resp::holds_view<R>,
                "a std::string_view would point into a reply that is gone: read a std::string, or use a "
                "pipeline, whose Replies keep the bytes");
  static_assert(std::is_default_constructible_v<R>, "a reply is default-constructible");

  // Keeping such a frame would cost as much as reading it.
  static constexpr bool is_text =
      std::is_same_v<R, std::string> || std::is_same_v<R, std::optional<std::string>>;
  // A reply of a few bytes whatever its frame says.
  static constexpr bool is_small =
      std::is_arithmetic_v<R> || std::is_same_v<R, Ok> || std::is_same_v<R, Queued>;
  static constexpr bool may_keep = !is_text && !is_small;

 public:
  using value_type = R;
  /// The arguments of a receiver, carried by an operation until it is started.
  struct Seed {};

  explicit CommandReceiver(Seed) noexcept {}

  static void start(engine::AsyncChannel& channel, engine::OperationNode& node) noexcept {
    channel.start(node);
  }

  /// `runs_here`: the handler will run on this very loop for sure.
  void accept(std::string_view frame, const engine::Origin& origin, const engine::OperationNode& operation,
              bool runs_here) noexcept {
    if (resp::is_error_frame(frame)) [[unlikely]] {
      error = error_in(frame, origin, operation);
      return;
    }
    const auto title = [&operation] { return engine::title_of(operation.request); };
    guarded(origin, title, [&] {
      if constexpr (may_keep) {
        if (resp::uses_codec<R> || !(runs_here || frame.size() <= decoded_on_loop)) {
          kept_ = std::make_unique<KeptReply>(KeptReply{std::string(frame), origin, std::string(title())});
          return;
        }
      }
      read(frame, origin, title);
    });
  }
  static void grant(engine::AsyncChannelPtr&&) noexcept {}
  /// Not all replies came.
  void fail(Error&& why) noexcept { error = std::move(why); }

  void settle() {
    if constexpr (may_keep) {
      if (!kept_ || error) return;
      const auto title = [this]() -> const std::string& { return kept_->command; };
      guarded(kept_->origin, title, [&] { read(kept_->frame, kept_->origin, title); });
    }
  }

  std::optional<Error> error{};
  R value{};

 private:
  template <class Title>
  void read(std::string_view frame, const engine::Origin& origin, Title title) {
    resp::DecodeIssue issue;
    if constexpr (is_text) {
      std::string_view text;
      if (frame.size() < resp::detail::huge_pages_from && resp::Cursor(frame, issue).take_bulk(text))
          [[likely]] {
        // constructed in place: half the cost of an empty string that is assigned to
        if constexpr (std::is_same_v<R, std::string>) {
          value.assign(text);
        } else {
          value.emplace(text);
        }
        return;
      }
    }
    if (resp::decode_frame(frame, value, issue)) [[likely]]
      return;
    error = engine::decode_error(origin, title(), issue);
  }
  template <class Title, class F>
  void guarded(const engine::Origin& origin, Title title, F function) {
    try {
      function();
    } catch (...) {
      error = engine::codec_error(origin, title());
    }
  }

  [[no_unique_address]] std::conditional_t<may_keep, std::unique_ptr<KeptReply>, NothingKept> kept_{};
};

}  // namespace redstart::inline v0::detail
