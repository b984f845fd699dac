// SPDX-License-Identifier: Apache-2.0
// dataset.cpp: creates the data and loads it through a separate connection.
#include "dataset.hpp"

#include "support/raw_redis.hpp"

#include <algorithm>

namespace redstart::bench {

namespace {

std::vector<std::string> make_keys() {
  std::vector<std::string> all;
  for (int i = 0; i < 1024; ++i) {
    const std::string number = std::to_string(i);
    all.push_back("key:" + std::string(12 - number.size(), '0') + number);
  }
  return all;
}

void push_list(test::RawRedis& server) {
  constexpr std::size_t at_once = 1000;
  std::vector<std::string> words{"RPUSH", std::string(list_key)};
  words.resize(words.size() + at_once, short_value);
  static_cast<void>(server.command({"DEL", list_key}));
  for (std::size_t i = 0; i < list_size; i += at_once) static_cast<void>(server.command(words));
}

}  // namespace

const std::vector<std::string> keys = make_keys();
const std::string short_value(32, 'v');

std::string large_key(std::size_t size) { return "big:" + std::to_string(size); }

void preload(const std::string& socket_path, const std::vector<std::size_t>& large_sizes) {
  test::RawRedis server(socket_path);
  for (const std::string& each : keys) static_cast<void>(server.command({"SET", each, short_value}));
  push_list(server);
  for (const std::size_t size : large_sizes)
    static_cast<void>(server.command({"SET", large_key(size), std::string(size, 'x')}));
}

}  // namespace redstart::bench
