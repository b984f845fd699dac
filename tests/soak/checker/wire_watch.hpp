// SPDX-License-Identifier: Apache-2.0
// wire_watch.hpp: looks at the bytes on their way to the server: what is sent how often (I4), and nothing of
// a user's before the connection is ready (I14).
#pragma once

#include "ledger.hpp"
#include "violations.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace redstart::soak {

/// Fed with the bytes of every connection, in pieces as they come. One thread at a time.
class WireWatch {
 public:
  WireWatch(Ledger& ledger, Violations& violations) : ledger_(ledger), violations_(violations) {}

  void to_server(std::uint64_t connection, std::string_view bytes) {
    Connection& state = connections_[connection];
    // A mark or a word may lie across two pieces: what came last is looked at again.
    std::string joined;
    if (!state.tail.empty()) {
      joined = state.tail;
      joined += bytes;
      bytes = joined;
    }
    if (!state.asked) {
      const std::size_t ping = bytes.find("\r\nPING\r\n");
      const std::size_t first = bytes.find(mark);
      state.asked = ping != std::string_view::npos;
      if (first != std::string_view::npos && first < ping)
        violations_.add("I14", "connection " + std::to_string(connection) +
                                   " carried a user's command before it was known to be ready");
    }
    std::size_t at = 0;
    while ((at = bytes.find(mark, at)) != std::string_view::npos && at + mark_size <= bytes.size()) {
      const auto number = number_at(bytes.substr(at));
      if (number) ledger_.seen(*number);
      at += number ? mark_size : 1;
    }
    // Shorter than a mark, so that none is counted twice.
    const std::size_t half_mark = at == std::string_view::npos ? bytes.size() : at;
    const std::size_t half_word =
        state.asked ? bytes.size() : bytes.size() - std::min(bytes.size(), word_size);
    state.tail = std::string(bytes.substr(std::min(half_mark, half_word)));
  }
  void closed(std::uint64_t connection) { connections_.erase(connection); }

 private:
  static constexpr std::size_t word_size = 7;  // all but the last byte of "\r\nPING\r\n"
  struct Connection {
    std::string tail{};
    bool asked = false;
  };

  Ledger& ledger_;
  Violations& violations_;
  std::unordered_map<std::uint64_t, Connection> connections_{};
};

}  // namespace redstart::soak
