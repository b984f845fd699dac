// SPDX-License-Identifier: Apache-2.0
// option_text.hpp: text that an option keeps by value.
#pragma once

#include <redstart/commands/argument.hpp>

#include <concepts>
#include <string>
#include <string_view>

namespace redstart::inline v0 {

/// The text of an option. Converts from any text and keeps a copy, so that options may outlive that text.
class OptionText {
 public:
  OptionText() = default;
  template <StringLike T>
  requires(!std::same_as<T, OptionText>) OptionText(const T& text) : text_(std::string_view(text)) {}

  operator std::string_view() const noexcept { return text_; }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

 private:
  std::string text_{};
};

}  // namespace redstart::inline v0
