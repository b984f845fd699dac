// SPDX-License-Identifier: Apache-2.0
// capture.hpp: an executor that records commands, for tests of the encoding.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <optional>
#include <redstart/commands/all.hpp>
#include <redstart/resp/buffer.hpp>
#include <redstart/resp/writer.hpp>
#include <string>
#include <string_view>

namespace redstart::test {

/// A command with reply type `R`, as an executor sees it.
template <class R>
struct Captured {
  using Reply = R;

  std::string bytes;
  std::string name;
  Retry retry;
  Session session;
  std::optional<std::chrono::milliseconds> blocks_for;
  bool lacks_arguments;
  KeySpec keys;
  Spread spread;
};

class Capture;

}  // namespace redstart::test

template <>
struct redstart::executor_traits<redstart::test::Capture> {
  template <class R>
  using reply = redstart::test::Captured<R>;
};

namespace redstart::test {

class Capture : public AllCommands<Capture>, public SessionCommands<Capture> {
 public:
  template <class R, class... A>
  Captured<R> submit(const Command<R, A...>& command) const {
    resp::Buffer buffer;
    resp::Writer writer(buffer);
    command.encode(writer);
    return {std::string(buffer.view()),
            std::string(command.info().name),
            command.retry(),
            command.info().session,
            command.blocks_for(),
            command.lacks_arguments(),
            command.info().keys,
            command.info().spread};
  }
};

inline constexpr Retry kRead = Retry::read;
inline constexpr Retry kLastWins = Retry::last_write_wins;
inline constexpr Retry kAccumulates = Retry::accumulating;

inline constexpr Capture capture{};
static_assert(sizeof(Capture) == 1, "groups take no room in a handle");

/// These words as a command in RESP.
inline std::string wire(std::initializer_list<std::string_view> words) {
  std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words) {
    bytes += "$" + std::to_string(word.size()) + "\r\n";
    bytes += word;
    bytes += "\r\n";
  }
  return bytes;
}

/// Expects exactly those words on the wire, and the retry category when one is given.
template <class R>
void expect(const Captured<R>& captured, std::initializer_list<std::string_view> words,
            std::optional<Retry> retry = std::nullopt, const char* file = __builtin_FILE(),
            int line = __builtin_LINE()) {
  const ::testing::ScopedTrace trace(file, line, captured.name);
  EXPECT_EQ(captured.bytes, wire(words));
  EXPECT_EQ(static_cast<int>(retry.value_or(captured.retry)), static_cast<int>(captured.retry))
      << "retry category";
}

}  // namespace redstart::test
