// SPDX-License-Identifier: Apache-2.0
// smallest_hiredis.cpp: the smallest program that gets a key with hiredis.
#include <hiredis/hiredis.h>

#include <cstdio>

int main() {
  redisContext* context = redisConnect("127.0.0.1", 6379);
  auto* reply = static_cast<redisReply*>(redisCommand(context, "GET %s", "greeting"));
  std::puts(reply != nullptr && reply->str != nullptr ? reply->str : "nothing");
  freeReplyObject(reply);
  redisFree(context);
}
