// SPDX-License-Identifier: Apache-2.0
// sync_view.cpp: a synchronous call can't return a view into its reply.
// expect: would point into (a reply|replies) that (is|are) gone: read a std::string
// cases: 12
// errors: 1
#include <map>
#include <optional>
#include <redstart/sync.hpp>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#ifdef REDSTART_CONTROL
#define REDSTART_CASE 0
using Text = std::string;
#else
using Text = std::string_view;
#endif

int main() {
  [[maybe_unused]] const redstart::Client db(nullptr);
  [[maybe_unused]] const redstart::ScopedClient own(nullptr);
  [[maybe_unused]] const redstart::Results results = db.results();
#if REDSTART_CASE == 0 || REDSTART_CASE == 1
  static_cast<void>(db.get<Text>("key"));
#endif
#if REDSTART_CASE == 0 || REDSTART_CASE == 2
  static_cast<void>(db.lrange<std::vector<Text>>("key", 0, -1));
#endif
#if REDSTART_CASE == 0 || REDSTART_CASE == 3
  static_cast<void>(db.hgetall<std::map<Text, int>>("key"));
#endif
#if REDSTART_CASE == 0 || REDSTART_CASE == 4
  static_cast<void>(db.mget<Text>("a", "b"));
#endif
#if REDSTART_CASE == 0 || REDSTART_CASE == 5
  static_cast<void>(results.get<Text>("key"));
#endif
#if REDSTART_CASE == 0 || REDSTART_CASE == 6
  static_cast<void>(own.command<std::pair<int, std::optional<Text>>>("COMMAND"));
#endif
#if REDSTART_CASE == 0 || REDSTART_CASE == 7
  static_cast<void>(db.scan<std::vector<Text>>(0));
#endif
#if REDSTART_CASE == 0 || REDSTART_CASE == 8
  static_cast<void>(db.pipeline([](auto& pipe) { return pipe.template get<Text>("key"); }));
#endif
#if REDSTART_CASE == 0 || REDSTART_CASE == 9
  static_cast<void>(db.pipeline([](auto& pipe) {
    return std::tuple{pipe.incr("n"), pipe.template get<Text>("key")};
  }));
#endif
#if REDSTART_CASE == 0 || REDSTART_CASE == 10
  static_cast<void>(db.exec(redstart::cmd.get<Text>("key")));
#endif
#if REDSTART_CASE == 0 || REDSTART_CASE == 11
  static_cast<void>(results.exec(redstart::cmd.get<Text>("key")));
#endif
#if REDSTART_CASE == 0 || REDSTART_CASE == 12
  static_cast<void>(own.exec(redstart::cmd.get<Text>("key")));
#endif
}
