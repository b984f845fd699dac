// SPDX-License-Identifier: Apache-2.0
// simple_script.cpp: the script of a small correct Redis server.
#include <redstart/testing/fake_server.hpp>

#include <charconv>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "message_reader.hpp"

namespace redstart::inline v0::testing {
namespace {

struct Data {
  std::mutex mutex{};
  std::map<std::string, std::string> strings{};
  std::map<std::string, std::vector<std::string>> lists{};
};

std::string wrong_arguments(const std::string& name) {
  return "-ERR wrong number of arguments for '" + name + "' command\r\n";
}

std::string add(std::string& text, std::int64_t by) {
  std::int64_t number = 0;
  if (!text.empty()) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size())
      return "-ERR value is not an integer or out of range\r\n";
  }
  text = std::to_string(number + by);
  return resp_integer(number + by);
}

std::string answer(Data& data, const Words& words) {
  const std::string name = detail::in_capitals(words.at(0));
  const std::scoped_lock lock(data.mutex);
  if (name == "FLUSHALL") {
    data.strings.clear();
    data.lists.clear();
    return "+OK\r\n";
  }
  if (words.size() < 2) return wrong_arguments(name);
  const std::string& key = words[1];
  if (name == "ECHO") return resp_bulk(key);
  if (name == "GET") {
    const auto found = data.strings.find(key);
    return found == data.strings.end() ? "_\r\n" : resp_bulk(found->second);
  }
  if (name == "EXISTS") return resp_integer(data.strings.contains(key) || data.lists.contains(key) ? 1 : 0);
  if (name == "DEL") return resp_integer(data.strings.erase(key) + data.lists.erase(key) > 0 ? 1 : 0);
  if (name == "INCR") return add(data.strings[key], 1);
  if (name == "DECR") return add(data.strings[key], -1);
  if (name == "LLEN") {
    const auto found = data.lists.find(key);
    return resp_integer(found == data.lists.end() ? 0 : static_cast<std::int64_t>(found->second.size()));
  }
  if (words.size() < 3) return wrong_arguments(name);
  if (name == "SET") {
    data.strings[key] = words[2];
    return "+OK\r\n";
  }
  if (name == "APPEND")
    return resp_integer(static_cast<std::int64_t>((data.strings[key] += words[2]).size()));
  if (name == "RPUSH") {
    std::vector<std::string>& list = data.lists[key];
    list.insert(list.end(), words.begin() + 2, words.end());
    return resp_integer(static_cast<std::int64_t>(list.size()));
  }
  return "-ERR unknown command '" + words[0] + "'\r\n";
}

}  // namespace

FakeServer::Script FakeServer::simple() {
  return [data = std::make_shared<Data>()](FakeConnection& connection, std::size_t) {
    connection.serve([&](const Words& words) { return answer(*data, words); });
  };
}

}  // namespace redstart::inline v0::testing
