// SPDX-License-Identifier: Apache-2.0
// pipeline.hpp: many commands in one exchange, each with its typed reply.
#pragma once

#include <redstart/commands/all.hpp>
#include <redstart/core/result.hpp>
#include <redstart/engine/channel.hpp>
#include <redstart/resp/decode.hpp>
#include <redstart/resp/error_text.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace redstart {

/// The place of a command in its pipeline: what `Replies::operator[]` takes.
template <class R>
struct Slot {
  using value_type = R;
  std::size_t index = 0;
  ReplyOf reply_of = ReplyOf::plain_command;
};

class Pipeline;
template <>
struct executor_traits<Pipeline> {
  template <class R>
  using reply = Slot<R>;
};

/// The replies of a pipeline, decoded when they are asked for. `std::string_view`s in them live as long as
/// this does.
///
/// Thread safety: may be read by several threads at once.
class Replies {
 public:
  explicit Replies(engine::Replies replies) noexcept : replies_(std::move(replies)) {}

  /// The reply of that command, or why there is none.
  template <class R>
  [[nodiscard]] Result<R> operator[](Slot<R> slot) const {
    if (slot.index >= replies_.frames.size()) return missing(slot.index);
    const std::string_view frame = replies_.frame(slot.index);
    if (resp::is_error_frame(frame))
      return engine::server_error(replies_.origin, name(slot.index), resp::error_text(frame), slot.reply_of);
    R value{};
    resp::DecodeIssue issue;
    try {
      if (!resp::decode_frame(frame, value, issue))
        return engine::decode_error(replies_.origin, name(slot.index), issue);
    } catch (...) {
      return engine::codec_error(replies_.origin, name(slot.index));
    }
    return value;
  }
  /// The replies of a tuple of slots. Errors: throws the first error among them.
  template <class... R>
  [[nodiscard]] std::tuple<R...> operator[](const std::tuple<Slot<R>...>& slots) const {
    return std::apply([this](const auto&... slot) { return std::tuple<R...>{(*this)[slot].value()...}; },
                      slots);
  }
  /// The replies of two slots. Errors: throws the first error among them.
  template <class A, class B>
  [[nodiscard]] std::pair<A, B> operator[](const std::pair<Slot<A>, Slot<B>>& slots) const {
    A first = (*this)[slots.first].value();
    return {std::move(first), (*this)[slots.second].value()};
  }
  /// The replies of many slots. Errors: throws the first error among them.
  template <class R>
  [[nodiscard]] std::vector<R> operator[](const std::vector<Slot<R>>& slots) const {
    std::vector<R> values;
    values.reserve(slots.size());
    for (const Slot<R> slot : slots) values.push_back((*this)[slot].value());
    return values;
  }

  /// Throws the first error among all replies, for those who don't look at each.
  void require_all() const {
    for (std::size_t i = 0; i != replies_.frames.size(); ++i) {
      const std::string_view frame = replies_.frame(i);
      // Which of them were scripts is only known by their slots: the error proves nothing here.
      if (resp::is_error_frame(frame))
        engine::server_error(replies_.origin, name(i), resp::error_text(frame), ReplyOf::script).raise();
    }
    if (replies_.rest) replies_.rest->raise();
    if (replies_.rest_unsent) replies_.rest_unsent->raise();
  }

  /// How many commands were answered, also with an error; the others have none to offer.
  [[nodiscard]] std::size_t answered() const noexcept { return replies_.frames.size(); }

 private:
  [[nodiscard]] static std::string name(std::size_t index) {
    return "command " + std::to_string(index + 1) + " of the pipeline";
  }
  [[nodiscard]] Error missing(std::size_t index) const {
    if (index < replies_.sent && replies_.rest) return *replies_.rest;
    if (replies_.rest_unsent) return *replies_.rest_unsent;
    return engine::foreign_slot(replies_.origin);
  }

  engine::Replies replies_;
};

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
class Pipeline : public AllCommands<Pipeline> {
 public:
  Pipeline(engine::ChannelPtr channel, engine::CallOptions options)
      : channel_(std::move(channel)), options_(options) {}
  Pipeline(Pipeline&&) noexcept = default;
  Pipeline& operator=(Pipeline&&) noexcept = default;
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;
  ~Pipeline() = default;

  /// How many commands were collected.
  [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }

  /// Sends everything collected so far and waits for the replies; the pipeline is empty then and can be used
  /// again.
  ///
  /// Errors: none thrown for the commands; each slot tells its own. After a lost connection the first replies
  /// may be there, and the other slots say `indeterminate` (sent) or `not_sent`.
  [[nodiscard]] Replies execute() {
    Replies replies(channel_->exchange_batch(bytes_.view(), ends_, traits_, options_));
    bytes_.clear();
    ends_.clear();
    traits_ = engine::RequestTraits{"pipeline"};
    return replies;
  }

  template <class R, class... A>
  Slot<R> submit(const Command<R, A...>& command) const {
    if (command.info().session != Session::none)
      engine::not_allowed({std::string(channel_->database()), std::string(channel_->endpoint())},
                          command.info().name)
          .raise();
    const std::size_t before = bytes_.size();
    try {
      resp::Writer writer(bytes_);
      command.encode(writer);
      ends_.push_back(bytes_.size());
    } catch (...) {
      bytes_.truncate(before);
      throw;
    }
    // Its retry category does not matter: a batch is repeated only when nothing of it was sent.
    traits_.add(Retry::read, command.info().reply_of(), command.blocks_for());
    return {ends_.size() - 1, command.info().reply_of()};
  }

 private:
  engine::ChannelPtr channel_;
  engine::CallOptions options_;
  mutable resp::Buffer bytes_{};
  mutable std::vector<std::size_t> ends_{};
  mutable engine::RequestTraits traits_{"pipeline"};
};

/// Lets `collect` fill `pipe`, sends it, returns the replies of the slots that `collect` returned.
template <class F>
auto run_pipeline(Pipeline pipe, F&& collect) {
  using Slots = std::invoke_result_t<F, Pipeline&>;
  const Slots slots = std::forward<F>(collect)(pipe);
  const Replies replies = pipe.execute();
  if constexpr (requires {
                  typename Slots::value_type;
                  slots.index;
                }) {
    return replies[slots].value();
  } else {
    return replies[slots];
  }
}

}  // namespace redstart
