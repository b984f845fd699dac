// SPDX-License-Identifier: Apache-2.0
// replies_view.cpp: views can be read from a Replies variable, not from a temporary.
// expect: would point into Replies that are gone: keep the Replies in a variable
// cases: 3
// errors: 1
#include <redstart/sync.hpp>
#include <string_view>
#include <tuple>
#include <utility>

int main() {
  auto pipe = redstart::Client(nullptr).pipeline();
  const auto name = pipe.get<std::string_view>("name");
#ifdef REDSTART_CONTROL
  const auto kept = pipe.execute();
  static_cast<void>(kept[name]);
  static_cast<void>(kept[std::tuple{name, name}]);
  static_cast<void>(pipe.execute()[pipe.incr("n")]);
#elif REDSTART_CASE == 1
  static_cast<void>(pipe.execute()[name]);
#elif REDSTART_CASE == 2
  static_cast<void>(pipe.execute()[std::tuple{name, name}]);
#elif REDSTART_CASE == 3
  auto kept = pipe.execute();
  static_cast<void>(std::move(kept)[name]);
#endif
}
