// SPDX-License-Identifier: Apache-2.0
// pipeline.hpp: many commands in one exchange, each with its typed reply.
#pragma once

#include <redstart/commands/all.hpp>
#include <redstart/core/ok.hpp>
#include <redstart/core/result.hpp>
#include <redstart/engine/batch.hpp>
#include <redstart/engine/channel.hpp>
#include <redstart/engine/session_check.hpp>
#include <redstart/resp/decode.hpp>
#include <redstart/resp/error_text.hpp>
#include <redstart/resp/uses_codec.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace redstart::inline v0 {

/// The place of a command in its pipeline: what `Replies::operator[]` takes.
template <class R>
struct Slot {
  using value_type = R;
  std::size_t index = 0;
  ReplyOf reply_of = ReplyOf::plain_command;
  std::uint64_t batch = 0;  ///< The batch that it is a slot of; 0: of any, for one made from an index.
};

namespace detail {

/// The replies of slots: the slot's own type, or a tuple, pair or vector of them.
template <class Slots>
struct replies_of {};
template <class R>
struct replies_of<Slot<R>> {
  using type = R;
};
template <class... R>
struct replies_of<std::tuple<Slot<R>...>> {
  using type = std::tuple<R...>;
};
template <class A, class B>
struct replies_of<std::pair<Slot<A>, Slot<B>>> {
  using type = std::pair<A, B>;
};
template <class R>
struct replies_of<std::vector<Slot<R>>> {
  using type = std::vector<R>;
};

/// Arguments of `Replies::operator[]`.
template <class Slots>
concept slot_group = requires {
  typename replies_of<Slots>::type;
};
/// Results that a block of `pipeline` may return.
template <class Slots>
inline constexpr bool block_result = std::is_void_v<Slots> || slot_group<Slots>;

/// The slots that the block `F` of a `Pipe` returns; void if it returns nothing.
template <class F, class Pipe>
struct BlockSlots {
  using type = std::remove_cvref_t<std::invoke_result_t<F, Pipe&>>;
  static_assert(block_result<type>,
                "a pipeline block returns nothing, a slot, or a tuple, pair or vector of slots");
};
template <class F, class Pipe>
using block_slots = typename BlockSlots<F, Pipe>::type;

/// Empties a batch at the end of its exchange, also if that throws: no command may be sent again.
struct ClearAtExit {
  engine::Batch& batch;
  ~ClearAtExit() { batch.clear(); }
};

/// Whether the replies of slots hold views into the Replies that they are taken from.
template <class Slots>
inline constexpr bool slots_hold_view = resp::holds_view<typename replies_of<Slots>::type>;
template <>
inline constexpr bool slots_hold_view<void> = false;

/// True. Compiles only if the values that a pipeline block returns need no replies.
template <class Slots>
[[nodiscard]] consteval bool values_outlive_replies() {
  static_assert(!slots_hold_view<Slots>,
                "a std::string_view would point into replies that are gone: read a std::string, or keep the "
                "Replies of Pipeline::execute()");
  return true;
}

}  // namespace detail

class Pipeline;
template <>
struct executor_traits<Pipeline> {
  template <class R>
  using reply = Slot<R>;
};
class ScopedPipeline;
template <>
struct executor_traits<ScopedPipeline> {
  template <class R>
  using reply = Slot<R>;
};

/// The replies of a pipeline, decoded when they are asked for. `std::string_view`s in them live as long as
/// this does: those are read from a `Replies` that is kept in a variable only.
///
/// Thread safety: may be read by several threads at once.
class Replies {
 public:
  explicit Replies(engine::Replies replies, engine::BatchRows rows = {}) noexcept
      : replies_(std::move(replies)), rows_(std::move(rows)) {}

  /// The reply of that command, or why there is none. Errors: `invalid_argument` for the slot of another
  /// pipeline, or of the same one before it was executed the last time.
  template <class R>
  [[nodiscard]] Result<R> operator[](Slot<R> slot) const& {
    if (slot.batch != 0 && slot.batch != rows_.number()) return engine::foreign_slot(replies_.origin);
    if (!replies_.has(slot.index)) return missing(slot.index);
    const std::string_view frame = replies_.frame(slot.index);
    if (resp::is_error_frame(frame)) return error_of(slot.index, slot.reply_of);
    R value{};
    resp::DecodeIssue issue;
    try {
      if (!resp::decode_frame(frame, value, issue))
        return engine::decode_error(replies_.origin_of(slot.index), rows_.title(slot.index), issue);
    } catch (...) {
      return engine::codec_error(replies_.origin_of(slot.index), rows_.title(slot.index));
    }
    return value;
  }
  /// The replies of a tuple of slots. Errors: throws the first error among them.
  template <class... R>
  [[nodiscard]] std::tuple<R...> operator[](const std::tuple<Slot<R>...>& wanted) const& {
    return std::apply([this](const auto&... slot) { return std::tuple<R...>{(*this)[slot].value()...}; },
                      wanted);
  }
  /// The replies of two slots. Errors: throws the first error among them.
  template <class A, class B>
  [[nodiscard]] std::pair<A, B> operator[](const std::pair<Slot<A>, Slot<B>>& wanted) const& {
    A first = (*this)[wanted.first].value();
    return {std::move(first), (*this)[wanted.second].value()};
  }
  /// The replies of many slots. Errors: throws the first error among them.
  template <class R>
  [[nodiscard]] std::vector<R> operator[](const std::vector<Slot<R>>& wanted) const& {
    std::vector<R> values;
    values.reserve(wanted.size());
    for (const Slot<R> slot : wanted) values.push_back((*this)[slot].value());
    return values;
  }
  /// Reads from a temporary `Replies`; compiles for replies that hold no views.
  template <detail::slot_group Slots>
  [[nodiscard]] auto operator[](const Slots& wanted) const&& {
    static_assert(
        !detail::slots_hold_view<Slots>,
        "a std::string_view would point into Replies that are gone: keep the Replies in a variable, "
        "or read a std::string");
    return static_cast<const Replies&>(*this)[wanted];
  }

  /// The first error among all replies, also that of replies that did not come; empty when there is none.
  [[nodiscard]] std::optional<Error> first_error() const {
    if (replies_.errors == 0 && replies_.failures.empty()) return std::nullopt;
    for (std::size_t i = 0; i != replies_.frames.size(); ++i) {
      if (!replies_.has(i)) return missing(i);
      if (resp::is_error_frame(replies_.frame(i))) return error_of(i, rows_.reply_of(i));
    }
    if (replies_.failures.empty()) return std::nullopt;
    return missing(replies_.frames.size());
  }
  /// Throws the first error among all replies, for those who don't look at each.
  void require_all() const {
    if (const auto error = first_error()) error->raise();
  }

  /// How many commands were answered, also with an error. The others have failures of their own.
  [[nodiscard]] std::size_t answered() const noexcept {
    std::size_t count = replies_.frames.size();
    for (const engine::Replies::Frame& frame : replies_.frames) count -= frame.size == 0 ? 1U : 0U;
    return count;
  }

 private:
  [[nodiscard]] Error error_of(std::size_t index, ReplyOf of) const {
    return engine::server_error(replies_.origin_of(index), rows_.title(index),
                                resp::error_text(replies_.frame(index)), of);
  }
  [[nodiscard]] Error missing(std::size_t index) const {
    const Error* const failure = replies_.failure(index);
    if (failure == nullptr) return engine::foreign_slot(replies_.origin);
    ErrorInfo info = failure->info();
    info.command = rows_.title(index);
    return Error(std::move(info));
  }

  engine::Replies replies_;
  engine::BatchRows rows_;
};

namespace detail {

/// Collects commands for a pipeline of either side. `Channel` is `engine::Channel` or `engine::AsyncChannel`.
template <class Channel>
class BatchCollector {
 public:
  /// How many commands were collected.
  [[nodiscard]] std::size_t size() const noexcept { return batch_.size(); }

  /// Adds a command. Exception safety: when it throws, the pipeline has not changed.
  template <class R, class... A>
  Slot<R> submit(const Command<R, A...>& command) const {
    batch_.add(command, [this](const engine::RequestTraits& traits, std::string_view encoded) {
      const auto refused =
          engine::refusal_of(channel_->origin(), channel_->exclusive(), engine::Queues::no, traits, encoded);
      if (refused) refused->raise();
    });
    return {batch_.size() - 1, command.info().reply_of, batch_.commands.rows.number()};
  }

 protected:
  BatchCollector(std::shared_ptr<Channel> channel, const engine::CallOptions& options)
      : channel_(std::move(channel)), options_(options) {}

  std::shared_ptr<Channel> channel_;
  engine::CallOptions options_;
  mutable engine::Batch batch_{};
};

}  // namespace detail

/// Collects commands and sends them in one exchange: one round trip instead of many. Not a transaction: other
/// clients' commands may come in between.
///
///     auto pipe = client.pipeline();
///     const auto hits = pipe.incr("hits");
///     const auto name = pipe.get<std::string_view>("name");
///     const auto replies = pipe.execute();
///     use(replies[hits].value(), replies[name].value());
///
/// Move-only. Thread safety: one thread at a time. A pipeline that is dropped sends nothing.
class Pipeline : public detail::BatchCollector<engine::Channel>, public AllCommands<Pipeline> {
 public:
  explicit Pipeline(engine::ChannelPtr channel, const engine::CallOptions& options = {})
      : BatchCollector(std::move(channel), options) {}
  Pipeline(Pipeline&&) noexcept = default;
  Pipeline& operator=(Pipeline&&) noexcept = default;
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;
  ~Pipeline() = default;

  /// Sends everything collected so far and waits for the replies; the pipeline is empty then and can be used
  /// again.
  ///
  /// Errors: none thrown for the commands; each slot has its own, and `Replies::require_all` throws the
  /// first. After a lost connection the first replies may be there; each other slot has a failure of its own,
  /// `not_sent` or `indeterminate`.
  [[nodiscard]] Replies execute() {
    const detail::ClearAtExit cleared{batch_};
    engine::Replies replies = channel_->exchange_batch(batch_, options_);  // needs the rows
    return Replies(std::move(replies), std::move(batch_.commands.rows));
  }
};

/// A pipeline over the connection of a scoped handle, made by `ScopedClient::pipeline()`. Commands may change
/// the state of the connection. Shares the connection: it stays out of its pool until the pipeline is gone.
///
/// Between MULTI and EXEC only commands whose reply type shows QUEUED may be collected
/// (`command<Queued>(…)`). If another one is, `execute()` sends nothing, and each slot fails with
/// `Errc::not_allowed`.
///
///     auto pipe = scoped.pipeline();
///     const auto watched = pipe.command<Ok>("WATCH", "stock");
///     const auto stock = pipe.get("stock");
///
/// Move-only. Thread safety: as that of `ScopedClient`.
class ScopedPipeline : public Pipeline, public SessionCommands<ScopedPipeline> {
 public:
  using Pipeline::Pipeline;
};

/// Lets `collect` fill `pipe` (a `Pipeline` or `ScopedPipeline`), sends it, returns the replies of the slots
/// that `collect` returned. Errors: throws the first error of any command, whether its slot was returned or
/// not.
template <class Pipe, class F>
requires std::is_base_of_v<Pipeline, Pipe>
auto run_pipeline(Pipe pipe, F&& collect) {
  using Slots = detail::block_slots<F, Pipe>;
  if constexpr (std::is_void_v<Slots>) {
    std::forward<F>(collect)(pipe);
    pipe.execute().require_all();
  } else if constexpr (detail::slot_group<Slots>) {
    static_assert(detail::values_outlive_replies<Slots>());
    const Slots wanted = std::forward<F>(collect)(pipe);
    const Replies replies = pipe.execute();
    replies.require_all();
    if constexpr (requires { wanted.index; }) {
      return replies[wanted].value();
    } else {
      return replies[wanted];
    }
  }
}

/// As `run_pipeline`, with the error as a `Result`. A block that returns nothing gives a `Result<Ok>`.
/// Errors: what `collect` throws passes.
template <class Pipe, class F>
requires std::is_base_of_v<Pipeline, Pipe>
auto try_pipeline(Pipe pipe, F&& collect) {
  using Slots = detail::block_slots<F, Pipe>;
  if constexpr (std::is_void_v<Slots>) {
    std::forward<F>(collect)(pipe);
    if (auto error = pipe.execute().first_error()) return Result<Ok>(*std::move(error));
    return Result<Ok>(Ok{});
  } else if constexpr (detail::slot_group<Slots>) {
    static_assert(detail::values_outlive_replies<Slots>());
    using Values = typename detail::replies_of<Slots>::type;
    const Slots wanted = std::forward<F>(collect)(pipe);
    const Replies replies = pipe.execute();
    if (auto error = replies.first_error()) return Result<Values>(*std::move(error));
    try {
      if constexpr (requires { wanted.index; }) {
        return Result<Values>(replies[wanted].value());
      } else {
        return Result<Values>(replies[wanted]);
      }
    } catch (const Error& error) {
      return Result<Values>(error);
    }
  }
}

}  // namespace redstart::inline v0
