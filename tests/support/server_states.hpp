// SPDX-License-Identifier: Apache-2.0
// server_states.hpp: real servers that load slowly, run endless scripts, or can't save.
#pragma once

#include <signal.h>

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <redstart/testing/fake_server.hpp>
#include <string>
#include <utility>
#include <vector>

#include "managers.hpp"
#include "raw_redis.hpp"
#include "redis_server.hpp"

namespace redstart::test {

/// Keeps a server busy by a script while it lives. The server is one with `impatient()`.
class EndlessScript {
 public:
  /// Arguments by which a server answers BUSY soon.
  [[nodiscard]] static std::vector<std::string> impatient() { return {"--lua-time-limit", "50"}; }

  explicit EndlessScript(const RedisServer& server) : runner_(server.port()), killer_(server.port()) {
    runner_.send(testing::resp_command({"EVAL", "while true do end", "0"}));
  }
  EndlessScript(const EndlessScript&) = delete;
  EndlessScript& operator=(const EndlessScript&) = delete;
  ~EndlessScript() { end(); }

  /// Waits until the server says BUSY.
  [[nodiscard]] bool noticed() {
    return eventually([this] { return killer_.command({"GET", "x"}).text.starts_with("BUSY"); });
  }
  /// Kills it. The server serves again when this returns.
  void end() {
    if (std::exchange(ended_, true)) return;
    killer_.command({"SCRIPT", "KILL"});
    static_cast<void>(runner_.receive());
  }

 private:
  RawRedis runner_;
  RawRedis killer_;
  bool ended_ = false;
};

/// Arguments by which loading takes a server 100 ms for each key, and clients are served between keys of 2
/// MB.
[[nodiscard]] inline std::vector<std::string> slow_to_load() {
  return {"--rdbcompression", "no", "--key-load-delay", "100000"};
}

/// Stores `keys` keys of 2 MB in a server with `slow_to_load()`. While it loads, a server looks at its
/// clients at least every 2 MB; Redis 6.0 has no setting for less.
inline void fill_to_load_slowly(RawRedis& raw, int keys) {
  const std::string large(2U << 20U, 'x');
  for (int i = 0; i < keys; ++i) raw.command({"SET", "large:" + std::to_string(i), large});
}

/// Waits until a server that `RedisServer::start()` has started replies LOADING; false when it does not.
[[nodiscard]] inline bool is_loading(const RedisServer& server) {
  return eventually([&server] {
    try {
      return RawRedis(server.port()).command({"GET", "x"}).text.starts_with("LOADING");
    } catch (const std::exception&) {
      return false;  // not listening yet
    }
  });
}

/// Arguments by which saving takes a server so long that `let_saving_fail()` can end it.
[[nodiscard]] inline std::vector<std::string> slow_to_save() {
  return {"--save", "3600", "1", "--rdb-key-save-delay", "10000000"};
}

/// Lets a server with `slow_to_save()` fail to save `key` = `value`, so that it answers MISCONF to PING and
/// writes from now on; false when it does not.
[[nodiscard]] inline bool let_saving_fail(const RedisServer& server) {
  RawRedis raw(server.port());
  raw.text({"CONFIG", "SET", "stop-writes-on-bgsave-error", "yes"});
  raw.text({"SET", "key", "value"});
  raw.text({"BGSAVE"});
  // The child of the server, which is its only one.
  const auto killed = eventually([&server] {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const std::string name = entry.path().filename();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      std::ifstream stat(entry.path() / "stat");
      std::string text((std::istreambuf_iterator<char>(stat)), {});
      const auto end = text.rfind(')');
      if (end == std::string::npos || end + 4 > text.size()) continue;
      if (std::atoi(text.c_str() + end + 4) != server.pid()) continue;
      ::kill(std::stoi(name), SIGKILL);
      return true;
    }
    return false;
  });
  return killed && eventually([&raw] { return raw.command({"PING"}).text.starts_with("MISCONF"); });
}

}  // namespace redstart::test
