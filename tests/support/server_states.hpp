// SPDX-License-Identifier: Apache-2.0
// server_states.hpp: puts real servers into LOADING, BUSY or MISCONF.
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

/// Keeps a server busy with a script during its lifetime. Start the server with the arguments of
/// `impatient()`.
class EndlessScript {
 public:
  /// Arguments that make a server reply BUSY soon.
  [[nodiscard]] static std::vector<std::string> impatient() { return {"--lua-time-limit", "50"}; }

  explicit EndlessScript(const RedisServer& server) : runner_(server.port()), killer_(server.port()) {
    runner_.send(testing::resp_command({"EVAL", "while true do end", "0"}));
  }
  EndlessScript(const EndlessScript&) = delete;
  EndlessScript& operator=(const EndlessScript&) = delete;
  ~EndlessScript() { end(); }

  /// Waits until the server replies BUSY.
  [[nodiscard]] bool noticed() {
    return eventually([this] { return killer_.command({"GET", "x"}).text.starts_with("BUSY"); });
  }
  /// Kills the script. The server serves commands again when this returns.
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

/// Arguments that make a server take 100 ms to load each key and serve clients between keys of 2 MB.
[[nodiscard]] inline std::vector<std::string> slow_to_load() {
  return {"--rdbcompression", "no", "--key-load-delay", "100000"};
}

/// Stores `keys` keys of 2 MB in a server with `slow_to_load()`. A loading server serves its clients every 2
/// MB; Redis 6.0 has no setting for less.
inline void fill_to_load_slowly(RawRedis& raw, int keys) {
  const std::string large(2U << 20U, 'x');
  for (int i = 0; i < keys; ++i) raw.command({"SET", "large:" + std::to_string(i), large});
}

/// Waits until a server started by `RedisServer::start()` replies LOADING. Returns false if it never does.
[[nodiscard]] inline bool is_loading(const RedisServer& server) {
  return eventually([&server] {
    try {
      return RawRedis(server.port()).command({"GET", "x"}).text.starts_with("LOADING");
    } catch (const std::exception&) {
      return false;  // not listening yet
    }
  });
}

/// Arguments that make saving slow enough for `let_saving_fail()` to interrupt it.
[[nodiscard]] inline std::vector<std::string> slow_to_save() {
  return {"--save", "3600", "1", "--rdb-key-save-delay", "10000000"};
}

/// Makes a server with `slow_to_save()` fail to save `key` = `value`, so that it replies MISCONF to PING and
/// writes from then on. Returns false if it doesn't.
[[nodiscard]] inline bool let_saving_fail(const RedisServer& server) {
  RawRedis raw(server.port());
  raw.text({"CONFIG", "SET", "stop-writes-on-bgsave-error", "yes"});
  raw.text({"SET", "key", "value"});
  raw.text({"BGSAVE"});
  // The only child of the server is the one that saves.
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
