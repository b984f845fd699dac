// SPDX-License-Identifier: Apache-2.0
// secret.hpp: a text that must not be printed, logged or left in memory.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace redstart::inline v0 {

/// A password or token. It has no stream operator and no conversion to a string, so that printing one
/// does not compile; its bytes are overwritten when it is replaced or destroyed.
class Secret {
 public:
  Secret() = default;
  Secret(std::string text) : text_(std::move(text)) {}
  Secret(std::string_view text) : text_(text) {}
  Secret(const char* text) : text_(text) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { other.wipe(); }
  Secret& operator=(const Secret& other) {
    if (this != &other) *this = Secret(other);
    return *this;
  }
  Secret& operator=(Secret&& other) noexcept {
    if (this == &other) return *this;
    wipe();
    text_ = std::move(other.text_);
    other.wipe();
    return *this;
  }
  ~Secret() { wipe(); }

  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
  /// The text itself, for the code that sends it to the server.
  [[nodiscard]] std::string_view reveal() const noexcept { return text_; }

  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  void wipe() noexcept {
    text_.resize(text_.capacity());    // a moved-from small string still holds its bytes after its end
    volatile char* at = text_.data();  // volatile: the stores must not be optimised away
    for (std::size_t i = 0; i < text_.size(); ++i) at[i] = '\0';
    text_.clear();
  }

  std::string text_;
};

}  // namespace redstart::inline v0
