// SPDX-License-Identifier: Apache-2.0
// production.cpp: recognises production and placeholders.
#include "production.hpp"

#include "value.hpp"

#include <algorithm>
#include <string>

namespace redstart::inline v0::detail {

bool is_production(std::string_view environment) {
  const std::string name = lower_case(environment);
  return name == "production" || name == "prod";
}

bool is_placeholder(std::string_view password) {
  const std::string text = lower_case(password);
  constexpr std::string_view whole[] = {
      "password", "passwd", "pass",     "secret", "redis",     "valkey",   "admin",   "root",    "test",
      "todo",     "tbd",    "none",     "null",   "default",   "foobared", "letmein", "example", "token",
      "dummy",    "123456", "12345678", "1234",   "password1", "qwerty",   "guest",   "user",    "undefined"};
  if (std::find(std::begin(whole), std::end(whole), text) != std::end(whole)) return true;
  constexpr std::string_view parts[] = {"changeme",      "change_me",     "change-me",   "changethis",
                                        "change_this",   "change-this",   "placeholder", "yourpassword",
                                        "your_password", "your-password", "your_secret", "your-secret",
                                        "replaceme",     "replace_me",    "replace-me",  "insert_password"};
  for (const std::string_view part : parts) {
    if (text.find(part) != std::string::npos) return true;
  }
  // Templates that nobody filled in.
  if ((text.starts_with('<') && text.ends_with('>')) || (text.starts_with("${") && text.ends_with('}')) ||
      (text.starts_with("{{") && text.ends_with("}}")) || (text.starts_with("$(") && text.ends_with(')')))
    return true;
  return !text.empty() && text.find_first_not_of(text.front()) == std::string::npos;
}

}  // namespace redstart::inline v0::detail
