// SPDX-License-Identifier: Apache-2.0
// async_view.cpp: an asynchronous reply can't be a view into bytes that no longer exist.
// expect: would point into (a reply|replies) that (is|are) gone: read a std::string
// cases: 6
// errors: 1
#include <map>
#include <redstart/client/async_client.hpp>
#include <redstart/client/async_scoped_client.hpp>
#include <string>
#include <string_view>
#include <vector>

#ifdef REDSTART_CONTROL
#define REDSTART_CASE 0
using Text = std::string;
#else
using Text = std::string_view;
#endif

int main() {
  [[maybe_unused]] const redstart::AsyncClient async(nullptr);
  [[maybe_unused]] const redstart::AsyncScopedClient own;
#if REDSTART_CASE == 0 || REDSTART_CASE == 1
  static_cast<void>(async.get<Text>("key"));
#endif
#if REDSTART_CASE == 0 || REDSTART_CASE == 2
  static_cast<void>(async.results().hgetall<std::map<Text, int>>("key"));
#endif
#if REDSTART_CASE == 0 || REDSTART_CASE == 3
  static_cast<void>(async.scan<std::vector<Text>>(0));
#endif
#if REDSTART_CASE == 0 || REDSTART_CASE == 4
  static_cast<void>(own.mget<Text>("a", "b"));
#endif
#if REDSTART_CASE == 0 || REDSTART_CASE == 5
  static_cast<void>(async.exec(redstart::cmd.get<Text>("key")));
#endif
#if REDSTART_CASE == 0 || REDSTART_CASE == 6
  static_cast<void>(async.pipeline([](auto& pipe) { return pipe.template get<Text>("key"); }));
#endif
}
