// SPDX-License-Identifier: Apache-2.0
// element_decoder.hpp: decodes a large aggregate element by element while it arrives.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <redstart/resp/decode_container.hpp>
#include <redstart/resp/decode_optional.hpp>
#include <redstart/resp/owns_bytes.hpp>
#include <redstart/resp/string_list.hpp>

namespace redstart::inline v0::resp {

namespace detail {

template <class T>
struct stream_target {
  using type = T;
};
template <class T>
struct stream_target<std::optional<T>> {
  using type = T;
};

template <class T>
inline constexpr bool is_stream_target = std::same_as<T, StringList> ||
                                         (decodable<T> && owns_bytes<T> &&
                                          (sequence_like<T> || set_like<T> || map_like<T>));

}  // namespace detail

/// Types that can be decoded in pieces: containers of owning elements, StringList, and optionals of these.
template <class T>
inline constexpr bool streamable = detail::is_stream_target<typename detail::stream_target<T>::type>;

/// Decodes an aggregate whose values arrive in pieces, so that the whole frame is never buffered.
///
/// Call begin(), then consume() with complete values as delimited by the scanner's sequence(), then finish()
/// and take(). Memory grows with the bytes received, by at most eight times; the declared number is only an
/// upper bound.
template <class T>
requires streamable<T>
class element_decoder {
  using Target = typename detail::stream_target<T>::type;

 public:
  /// Begins an aggregate of `declared` values; a map counts keys and values. Returns true, as every aggregate
  /// is accepted.
  bool begin(Type type, std::uint64_t declared) {
    target_ = Target{};
    issue_ = DecodeIssue{};
    type_ = type;
    left_ = declared;
    received_ = 0;
    index_ = 0;
    form_ = Form::unknown;
    return true;
  }

  /// Reads complete values from the front of `bytes` and returns the number of bytes read. That is all of
  /// them, unless they end between a key and its value: then pass the rest again, followed by more. After a
  /// failure all bytes are accepted and ignored.
  std::size_t consume(std::string_view bytes) {
    if (issue_ || bytes.empty()) return bytes.size();
    received_ += bytes.size();
    if constexpr (std::same_as<Target, StringList>) make_bytes(bytes.size());
    Cursor cursor(bytes, issue_);
    while (!cursor.at_end()) {
      const std::size_t before = cursor.offset();
      if (!read(cursor)) {
        if (!cursor.failed()) {
          received_ -= bytes.size() - before;
          return before;
        }
        cursor.within(index_);
        return bytes.size();
      }
      ++index_;
    }
    return bytes.size();
  }

  /// Whether all declared values were read.
  bool finish() {
    if (!issue_ && left_ != 0) {
      issue_.expected = "a value for each key";
      issue_.got = type_;
      issue_.at_end = true;
    }
    return !issue_;
  }
  const DecodeIssue& issue() const noexcept { return issue_; }

  /// Precondition: finish() returned true.
  T take() && { return T(std::move(target_)); }

 private:
  enum class Form : std::uint8_t { unknown, flat, nested };

  // Returns false without a failure if the value of the key has not arrived.
  bool read(Cursor& cursor) {
    if constexpr (std::same_as<Target, StringList>) {
      --left_;
      make_room(left_);
      return detail::append_to(target_, cursor);
    } else if constexpr (detail::map_like<Target>) {
      typename Target::key_type key{};
      typename Target::mapped_type value{};
      if (!read_pair(cursor, key, value)) return false;
      target_.emplace(std::move(key), std::move(value));
      return true;
    } else if constexpr (detail::set_like<Target>) {
      typename Target::value_type element{};
      --left_;
      decoder<typename Target::value_type>::decode(cursor, element);
      if (cursor.failed()) return false;
      target_.insert(std::move(element));
      return true;
    } else if constexpr (detail::is_pair<typename Target::value_type>) {
      typename Target::value_type element{};
      if (!read_pair(cursor, element.first, element.second)) return false;
      make_room(form_ == Form::nested ? left_ : left_ / 2);
      target_.emplace_back(std::move(element));
      return true;
    } else {
      --left_;
      make_room(left_);
      return detail::append_element(target_, cursor);
    }
  }

  template <class K, class V>
  bool read_pair(Cursor& cursor, K& key, V& value) {
    if (form_ == Form::unknown) form_ = detail::pairs_nested(cursor, type_) ? Form::nested : Form::flat;
    if (form_ == Form::nested) {
      --left_;
      return detail::decode_nested_pair(cursor, key, value);
    }
    decoder<K>::decode(cursor, key);
    if (cursor.failed()) return false;
    if (cursor.at_end()) return left_ == 1 && cursor.fail_at_end("a value for each key", type_);
    left_ -= 2;
    decoder<V>::decode(cursor, value);
    return !cursor.failed();
  }

  // Reserves room for this element, and for as many of up to `more` further ones as the received bytes
  // justify.
  void make_room(std::uint64_t more) {
    if constexpr (requires { target_.capacity(); }) {
      if (target_.size() != target_.capacity()) [[likely]]
        return;
      const std::uint64_t size = target_.size();
      constexpr std::size_t element =
          std::same_as<Target, StringList> ? sizeof(std::uint64_t) : sizeof(typename Target::value_type);
      const std::uint64_t doubled = size * 2 + 1;
      const std::uint64_t justified = std::uint64_t{received_} * 8 / element;
      const std::uint64_t room = doubled > justified ? doubled : justified;
      const std::uint64_t wanted = size + 1 + more;
      const auto count = static_cast<std::size_t>(wanted < room ? wanted : room);
      if constexpr (std::same_as<Target, StringList>) {
        target_.reserve(count, 0);
      } else {
        target_.reserve(count);
      }
    }
  }

  // Reserves room for `more` bytes of text. If that has to grow, also for the remaining elements at the
  // average size.
  void make_bytes(std::size_t more) requires std::same_as<Target, StringList> {
    const std::size_t used = target_.bytes();
    if (target_.bytes_capacity() >= used + more) return;
    const std::uint64_t average = target_.empty() ? 0 : used / target_.size() + 1;
    const std::uint64_t bounded_left = left_ < received_ ? left_ : received_;
    const std::uint64_t expected = average * bounded_left;
    const std::uint64_t justified = received_ * 7;
    target_.reserve(0, used + more + static_cast<std::size_t>(expected < justified ? expected : justified));
  }

  Target target_{};
  DecodeIssue issue_;
  Type type_ = Type::array;
  Form form_ = Form::unknown;
  std::uint64_t left_ = 0;  // remaining values
  std::uint64_t received_ = 0;
  std::size_t index_ = 0;
};

}  // namespace redstart::inline v0::resp
