// SPDX-License-Identifier: Apache-2.0
// no_reply.cpp: a command without a reply is rejected with one message.
// expect: each command has a reply: use command<Ok>, or command<Value> for any
// cases: 3
// errors: 1
#include <redstart/redstart.hpp>

int main() {
  [[maybe_unused]] const redstart::Client db(nullptr);
  [[maybe_unused]] const redstart::AsyncClient async(nullptr);
#ifdef REDSTART_CONTROL
  static_cast<void>(db.command<redstart::Ok>("PING"));
#elif REDSTART_CASE == 1
  db.command<void>("PING");
#elif REDSTART_CASE == 2
  db.results().command<void>("PING");
#elif REDSTART_CASE == 3
  async.command<void>("PING");
#endif
}
