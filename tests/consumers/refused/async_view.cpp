// SPDX-License-Identifier: Apache-2.0
// async_view.cpp: a reply that arrives later can't be a view into bytes that nobody keeps.
// expect: would point into a reply that is gone
#include <redstart/client/async_client.hpp>
#include <string_view>

int main() {
  redstart::AsyncClient async(nullptr);
#ifdef REDSTART_CONTROL
  const auto operation = async.get("key");
#else
  const auto operation = async.get<std::string_view>("key");
#endif
  static_cast<void>(operation);
}
