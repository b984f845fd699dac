// SPDX-License-Identifier: Apache-2.0
// encoded_keys.hpp: finds the keys in an encoded command.
#pragma once

#include <redstart/commands/key_spec.hpp>
#include <redstart/resp/writer.hpp>

#include <charconv>
#include <cstddef>
#include <span>
#include <string_view>

namespace redstart::inline v0 {

/// Iterates over the words of one command that `resp::Writer` has encoded. Word 0 is the name.
///
/// Lifetimes: refers to the bytes and to the arguments that stayed with the caller.
class EncodedWords {
 public:
  /// `external`: arguments that are not in `bytes`. Their offsets are positions in `bytes`.
  explicit EncodedWords(std::string_view bytes, std::span<const resp::External> external = {}) noexcept
      : bytes_(bytes), external_(external), count_(number()) {}

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  /// The index of the word that `next` returns.
  [[nodiscard]] std::size_t position() const noexcept { return position_; }
  [[nodiscard]] bool at_end() const noexcept { return position_ >= count_; }

  /// The next word; empty after the last one.
  std::string_view next() noexcept {
    if (at_end()) return {};
    ++position_;
    const std::size_t size = number();
    std::string_view word;
    if (!external_.empty() && external_.front().offset == at_) {
      word = {external_.front().data, external_.front().size};
      external_ = external_.subspan(1);
    } else {
      word = bytes_.substr(at_, size);
      at_ += word.size();
    }
    at_ += line_end;
    return word;
  }
  /// Skips words, so that `next` returns the word at `position`. Never goes back.
  void skip_to(std::size_t position) noexcept {
    while (position_ < position && !at_end()) next();
  }

 private:
  static constexpr std::size_t line_end = 2;

  // The number after the type byte, `*` or `$`. Without one, the words end here. at_ never exceeds the size.
  std::size_t number() noexcept {
    std::size_t value = 0;
    if (at_ < bytes_.size()) {
      const char* const end = bytes_.data() + bytes_.size();
      const auto [digits_end, error] = std::from_chars(bytes_.data() + at_ + 1, end, value);
      if (error == std::errc() && end - digits_end >= static_cast<std::ptrdiff_t>(line_end)) {
        at_ = static_cast<std::size_t>(digits_end - bytes_.data()) + line_end;
        return value;
      }
    }
    at_ = bytes_.size();
    count_ = 0;
    return 0;
  }

  std::string_view bytes_;
  std::span<const resp::External> external_;
  std::size_t at_ = 0;  // offset of the next word's header in bytes_
  std::size_t position_ = 0;
  std::size_t count_ = 0;
};

namespace detail {

/// Whether `text` is the upper-case `word` in any letter case.
constexpr bool is_word(std::string_view text, std::string_view word) noexcept {
  if (text.size() != word.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c) != word[i]) return false;
  }
  return true;
}

/// How many arguments an option of SORT, GEORADIUS or MIGRATE takes that may look like another option.
constexpr std::size_t arguments_of_option(std::string_view option) noexcept {
  if (is_word(option, "LIMIT") || is_word(option, "AUTH2")) return 2;
  return is_word(option, "BY") || is_word(option, "GET") || is_word(option, "AUTH") ? 1 : 0;
}

template <class Visit>
void for_each_word(EncodedWords& words, std::size_t count, Visit& visit) {
  for (; count != 0 && !words.at_end(); --count) visit(words.next());
}

template <class Visit>
void for_each_key_in_range(EncodedWords& words, const KeySpec& spec, Visit& visit) {
  const auto count = static_cast<std::ptrdiff_t>(words.count());
  const std::ptrdiff_t last = spec.last < 0 ? count + spec.last : spec.last;
  for (std::ptrdiff_t at = spec.first; at <= last && at < count; at += spec.step) {
    words.skip_to(static_cast<std::size_t>(at));
    visit(words.next());
  }
}

template <class Visit>
void for_each_counted_key(EncodedWords& words, const KeySpec& spec, Visit& visit) {
  if (spec.first != 0) {
    words.skip_to(static_cast<std::size_t>(spec.first));
    if (!words.at_end()) visit(words.next());
  }
  words.skip_to(static_cast<std::size_t>(spec.at));
  const std::string_view text = words.next();
  std::size_t count = 0;  // stays 0 if it is not a number: the server refuses that
  std::from_chars(text.data(), text.data() + text.size(), count);
  for_each_word(words, count, visit);
}

template <class Visit>
void for_each_stream(EncodedWords& words, const KeySpec& spec, Visit& visit) {
  words.skip_to(static_cast<std::size_t>(spec.at));
  while (!words.at_end()) {
    if (is_word(words.next(), "STREAMS"))
      return for_each_word(words, (words.count() - words.position()) / 2, visit);
  }
}

template <class Visit>
void for_each_key_among_words(EncodedWords& words, const KeySpec& spec, Visit& visit) {
  words.skip_to(static_cast<std::size_t>(spec.first));
  if (words.at_end()) return;
  const std::string_view key = words.next();
  std::string_view stored;
  bool stores = false;
  words.skip_to(static_cast<std::size_t>(spec.at));
  while (!words.at_end()) {
    const std::string_view option = words.next();
    if (is_word(option, "STORE") || is_word(option, "STOREDIST")) {
      stores = !words.at_end();
      stored = words.next();
    } else if (key.empty() && is_word(option, "KEYS")) {
      return for_each_word(words, words.count(), visit);
    } else {
      words.skip_to(words.position() + arguments_of_option(option));
    }
  }
  visit(key);
  if (stores) visit(stored);
}

}  // namespace detail

/// Calls `visit` with each key of a command, in order. A command that the server refuses, for example with a
/// wrong number of keys, may yield fewer.
///
/// Cost: no allocation; parses the command up to its last key.
template <class Visit>
void for_each_key(EncodedWords words, const KeySpec& spec, Visit visit) {
  switch (spec.shape) {
    case KeyShape::none: return;
    case KeyShape::range: return detail::for_each_key_in_range(words, spec, visit);
    case KeyShape::count: return detail::for_each_counted_key(words, spec, visit);
    case KeyShape::streams: return detail::for_each_stream(words, spec, visit);
    case KeyShape::words: return detail::for_each_key_among_words(words, spec, visit);
  }
}

}  // namespace redstart::inline v0
