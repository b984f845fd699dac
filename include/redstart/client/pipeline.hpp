// SPDX-License-Identifier: Apache-2.0
// pipeline.hpp: many commands in one exchange, each with its typed reply.
#pragma once

#include <redstart/client/batch_commands.hpp>
#include <redstart/commands/all.hpp>
#include <redstart/core/result.hpp>
#include <redstart/engine/channel.hpp>
#include <redstart/resp/decode.hpp>
#include <redstart/resp/error_text.hpp>
#include <redstart/resp/uses_codec.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
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

/// What `Replies::operator[]` takes.
template <class Slots>
concept slot_group = requires {
  typename replies_of<Slots>::type;
};
/// What a block of `pipeline` may return.
template <class Slots>
inline constexpr bool block_result = std::is_void_v<Slots> || slot_group<Slots>;

/// Whether the replies of slots hold views into the Replies that they are taken from.
template <class Slots>
inline constexpr bool slots_hold_view = resp::holds_view<typename replies_of<Slots>::type>;
template <>
inline constexpr bool slots_hold_view<void> = false;

}  // namespace detail

class Pipeline;
template <>
struct executor_traits<Pipeline> {
  template <class R>
  using reply = Slot<R>;
};

/// The replies of a pipeline, decoded when they are asked for. `std::string_view`s in them live as long as
/// this does: those are read from a `Replies` that is kept in a variable only.
///
/// Thread safety: may be read by several threads at once.
class Replies {
 public:
  explicit Replies(engine::Replies replies, detail::BatchCommands commands = {}) noexcept
      : replies_(std::move(replies)), commands_(std::move(commands)) {}

  /// The reply of that command, or why there is none. Errors: `invalid_argument` for the slot of another
  /// pipeline, or of the same one before it was executed the last time.
  template <class R>
  [[nodiscard]] Result<R> operator[](Slot<R> slot) const& {
    if (slot.batch != 0 && slot.batch != commands_.number()) return engine::foreign_slot(replies_.origin);
    if (slot.index >= replies_.frames.size()) return missing(slot.index);
    const std::string_view frame = replies_.frame(slot.index);
    if (resp::is_error_frame(frame)) return error_of(slot.index, slot.reply_of);
    R value{};
    resp::DecodeIssue issue;
    try {
      if (!resp::decode_frame(frame, value, issue))
        return engine::decode_error(replies_.origin, commands_.title(slot.index), issue);
    } catch (...) {
      return engine::codec_error(replies_.origin, commands_.title(slot.index));
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
    for (std::size_t i = 0; i != replies_.frames.size(); ++i) {
      if (resp::is_error_frame(replies_.frame(i))) return error_of(i, commands_.reply_of(i));
    }
    if (replies_.rest) return replies_.rest;
    return replies_.rest_unsent;
  }
  /// Throws the first error among all replies, for those who don't look at each.
  void require_all() const {
    if (const auto error = first_error()) error->raise();
  }

  /// How many commands were answered, also with an error; the others have none to offer.
  [[nodiscard]] std::size_t answered() const noexcept { return replies_.frames.size(); }

 private:
  [[nodiscard]] Error error_of(std::size_t index, ReplyOf of) const {
    return engine::server_error(replies_.origin, commands_.title(index),
                                resp::error_text(replies_.frame(index)), of);
  }
  [[nodiscard]] Error missing(std::size_t index) const {
    if (index < replies_.sent && replies_.rest) return *replies_.rest;
    if (replies_.rest_unsent) return *replies_.rest_unsent;
    return engine::foreign_slot(replies_.origin);
  }

  engine::Replies replies_;
  detail::BatchCommands commands_;
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
  /// Errors: none thrown for the commands; each slot has its own, and `Replies::require_all` throws the
  /// first. After a lost connection the first replies may be there, and the other slots say `indeterminate`
  /// (sent) or `not_sent`.
  [[nodiscard]] Replies execute() {
    Replies replies(channel_->exchange_batch(bytes_.view(), ends_, traits_, options_), std::move(commands_));
    bytes_.clear();
    ends_.clear();
    traits_ = engine::RequestTraits{"pipeline"};
    return replies;
  }

  template <class R, class... A>
  Slot<R> submit(const Command<R, A...>& command) const {
    const std::size_t before = bytes_.size();
    try {
      resp::Writer writer(bytes_);
      command.encode(writer);
      if (command.lacks_arguments()) [[unlikely]]
        engine::no_arguments(origin(), command.info().name).raise();
      if (command.info().session != Session::none) [[unlikely]]
        refuse(command.info().session, bytes_.view().substr(before));
      if (commands_.number() == 0) [[unlikely]]
        ends_.reserve(32);
      ends_.push_back(bytes_.size());
      commands_.add(command.info());
    } catch (...) {
      bytes_.truncate(before);
      while (!ends_.empty() && ends_.back() > before) ends_.pop_back();
      throw;
    }
    // Its retry category does not matter: a batch is repeated only when nothing of it was sent.
    traits_.add(Retry::read, command.info().reply_of, command.blocks_for());
    return {ends_.size() - 1, command.info().reply_of, commands_.number()};
  }

 private:
  [[nodiscard]] engine::Origin origin() const {
    return {std::string(channel_->database()), std::string(channel_->endpoint())};
  }
  void refuse(Session session, std::string_view encoded) const {
    if (const auto refused = engine::refused_session(origin(), engine::Exclusive::no, session, encoded))
      refused->raise();
  }

  engine::ChannelPtr channel_;
  engine::CallOptions options_;
  mutable resp::Buffer bytes_{};
  mutable std::vector<std::size_t> ends_{};
  mutable detail::BatchCommands commands_{};
  mutable engine::RequestTraits traits_{"pipeline"};
};

/// Lets `collect` fill `pipe`, sends it, returns the replies of the slots that `collect` returned. Errors:
/// throws the first error of any command, whether its slot was returned or not.
template <class F>
auto run_pipeline(Pipeline pipe, F&& collect) {
  using Slots = std::remove_cvref_t<std::invoke_result_t<F, Pipeline&>>;
  static_assert(detail::block_result<Slots>,
                "a pipeline block returns nothing, a slot, or a tuple, pair or vector of slots");
  if constexpr (std::is_void_v<Slots>) {
    std::forward<F>(collect)(pipe);
    pipe.execute().require_all();
  } else if constexpr (detail::slot_group<Slots>) {
    static_assert(
        !detail::slots_hold_view<Slots>,
        "a std::string_view would point into replies that are gone: read a std::string, or keep the "
        "Replies of Pipeline::execute()");
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

}  // namespace redstart::inline v0
