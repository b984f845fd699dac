// SPDX-License-Identifier: Apache-2.0
// no_codec.cpp: a type without a codec is rejected with one message.
// expect: no reply can be read into this type: specialise redstart::codec for it
// cases: 6
// errors: 1
#include <map>
#include <redstart/redstart.hpp>
#include <string>
#include <vector>

struct Thing {};

#ifdef REDSTART_CONTROL
#define REDSTART_CASE 0
template <>
struct redstart::codec<Thing> {
  static Thing decode(std::string_view) { return {}; }
  static std::string encode(const Thing&) { return {}; }
};
#endif

int main() {
  [[maybe_unused]] const redstart::Client db(nullptr);
  [[maybe_unused]] const redstart::AsyncClient async(nullptr);
#if REDSTART_CASE == 0 || REDSTART_CASE == 1
  static_cast<void>(db.get<Thing>("key"));
#endif
#if REDSTART_CASE == 0 || REDSTART_CASE == 2
  static_cast<void>(db.lrange<std::vector<Thing>>("key", 0, -1));
#endif
#if REDSTART_CASE == 0 || REDSTART_CASE == 3
  static_cast<void>(db.results().hgetall<std::map<std::string, Thing>>("key"));
#endif
#if REDSTART_CASE == 0 || REDSTART_CASE == 4
  static_cast<void>(async.get<Thing>("key"));
#endif
#if REDSTART_CASE == 0 || REDSTART_CASE == 5
  static_cast<void>(db.pipeline().command<Thing>("GET", "key"));
#endif
#if REDSTART_CASE == 0 || REDSTART_CASE == 6
  static_cast<void>(redstart::cmd.get<Thing>("key"));
#endif
}
