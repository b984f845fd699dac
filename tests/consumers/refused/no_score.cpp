// SPDX-License-Identifier: Apache-2.0
// no_score.cpp: pairs without a number are rejected with one message.
// expect: zadd takes pairs of a member and a score, in either order: the score is a number
// errors: 2
#include <redstart/sync.hpp>
#include <string>
#include <utility>
#include <vector>

int main() {
  const redstart::Client db(nullptr);
#ifdef REDSTART_CONTROL
  const std::vector<std::pair<double, std::string>> members;
#else
  const std::vector<std::pair<std::string, std::string>> members;
#endif
  static_cast<void>(db.zadd("key", members));
}
