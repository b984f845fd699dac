// SPDX-License-Identifier: Apache-2.0
// reply_to.hpp: the sink that turns a reply into the caller's type.
#pragma once

#include <redstart/engine/channel.hpp>
#include <redstart/engine/reply_sink.hpp>
#include <redstart/resp/decode.hpp>
#include <redstart/resp/element_decoder.hpp>
#include <redstart/resp/uses_codec.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace redstart::inline v0::detail {

/// Parts that a reply does not need take no space.
struct Unneeded {};

/// The decoder of an `R` that can be read while it arrives.
template <class R>
struct ElementDecoder {
  using type = Unneeded;
};
template <class R>
requires resp::streamable<R>
struct ElementDecoder<R> {
  using type = resp::element_decoder<R>;
};

/// Receives a reply as an `R`: a large string into its own memory, a sequence element by element, all else
/// from its frame. A codec that throws is remembered as an error, so that nothing is thrown through the
/// engine.
template <class R>
class ReplyTo final : public engine::ReplySink {
  static_assert(!resp::holds_view<R>,
                "a std::string_view would point into a reply that is gone: read a std::string, or use a "
                "pipeline, whose Replies keep the bytes");
  static constexpr bool is_text =
      std::is_same_v<R, std::string> || std::is_same_v<R, std::optional<std::string>>;
  static constexpr bool is_sequence = resp::streamable<R>;

 public:
  explicit ReplyTo(std::string_view command) noexcept : command_(command) {}

  void frame(std::string_view bytes) override {
    guarded([&] {
      resp::DecodeIssue issue;
      if (!resp::decode_frame(bytes, value_, issue)) fail(issue);
    });
  }

  resp::StringReceiver* begin_bulk(std::size_t size) override {
    if constexpr (is_text) {
      return &bulk_.emplace(size);
    } else {
      return ReplySink::begin_bulk(size);
    }
  }
  void end_bulk() override {
    if constexpr (is_text) value_ = std::move(*bulk_).take();
  }

  bool begin_elements(resp::Type type, std::size_t declared) override {
    if constexpr (is_sequence) {
      return elements_.begin(type, declared);
    } else {
      return ReplySink::begin_elements(type, declared);
    }
  }
  std::size_t elements(std::string_view bytes) override {
    if constexpr (is_sequence) {
      std::size_t taken = bytes.size();
      guarded([&] {
        if (!error_) taken = elements_.consume(bytes);
      });
      return taken;
    } else {
      return ReplySink::elements(bytes);
    }
  }
  void end_elements() override {
    if constexpr (is_sequence) {
      guarded([&] {
        if (error_) return;
        if (!elements_.finish()) return fail(elements_.issue());
        value_ = std::move(elements_).take();
      });
    }
  }

  /// The error that decoding ended with, if it did.
  [[nodiscard]] std::optional<Error>& error() noexcept { return error_; }
  /// Preconditions: the exchange succeeded and `error()` is empty.
  [[nodiscard]] R&& take() noexcept { return std::move(value_); }

 private:
  template <class F>
  void guarded(F decode) {
    try {
      decode();
    } catch (...) {
      error_ = engine::codec_error(origin(), command_);
    }
  }
  void fail(const resp::DecodeIssue& issue) { error_ = engine::decode_error(origin(), command_, issue); }

  std::string_view command_;
  R value_{};
  std::optional<Error> error_{};
  [[no_unique_address]] std::conditional_t<is_text, std::optional<resp::StringReceiver>, Unneeded> bulk_{};
  [[no_unique_address]] typename ElementDecoder<R>::type elements_{};
};

// The most frequent reply types are compiled once, in the library, and not again in each program.
extern template class ReplyTo<bool>;
extern template class ReplyTo<std::int64_t>;
extern template class ReplyTo<std::string>;
extern template class ReplyTo<std::optional<std::string>>;

}  // namespace redstart::inline v0::detail
