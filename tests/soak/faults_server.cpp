// SPDX-License-Identifier: Apache-2.0
// faults_server.cpp: faults of the server itself.
// It is killed, frozen, loading, busy, full, unable to save, or a replica.
#include "nemesis.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

namespace redstart::soak {
namespace {

using namespace std::chrono_literals;
using test::RawRedis;

// Repeats commands until they succeed: a restart loses settings, and a server without free connections also
// refuses this one.
void insist(const Stage& stage, const std::vector<std::vector<std::string>>& commands) {
  const auto until = Clock::now() + 20s;
  for (;;) {
    try {
      RawRedis raw = stage.raw();
      for (const auto& words : commands)
        if (const auto reply = raw.command(words); reply.is_error()) throw std::runtime_error(reply.text);
      return;
    } catch (const std::exception&) {
      if (Clock::now() > until) throw;
    }
    std::this_thread::sleep_for(1ms);
  }
}

// Changes a setting, then restores it.
Fault setting(Stage& stage, std::string name, std::chrono::milliseconds shortest,
              std::chrono::milliseconds longest, std::vector<std::vector<std::string>> begin,
              std::vector<std::vector<std::string>> end) {
  return {{std::move(name), shortest, longest, true},
          [&stage, begin = std::move(begin)](std::chrono::milliseconds) { insist(stage, begin); },
          [&stage, end = std::move(end)] { insist(stage, end); }};
}

Fault killed(Stage& stage, testing::FaultProxy& proxy) {
  return {{"SIGKILL, restart", 50ms, 800ms, true},
          [&stage, &proxy](std::chrono::milliseconds) {
            stage.server().kill();
            proxy.crash();
          },
          [&stage, &proxy] {
            stage.server().start();
            stage.await_ready();
            proxy.heal();
          }};
}

// Loads each key slowly until the setting is restored.
Fault loading(Stage& stage) {
  return {{"restart, LOADING", 500ms, 2500ms, true},
          [&stage](std::chrono::milliseconds) {
            stage.server().kill();
            stage.server().start({"--key-load-delay", "2000"});
          },
          [&stage] {
            insist(stage, {{"CONFIG", "SET", "key-load-delay", "0"}});
            stage.await_ready();
          }};
}

Fault frozen(Stage& stage) {
  return {{"SIGSTOP, SIGCONT", 100ms, 2500ms, true},
          [&stage](std::chrono::milliseconds) { stage.server().pause(); },
          [&stage] { stage.server().resume(); }};
}

// The whole server sleeps, as during a long command.
Fault asleep(Stage& stage) {
  auto raw = std::make_shared<std::optional<RawRedis>>();
  return {{"DEBUG SLEEP", 50ms, 1200ms, true},
          [&stage, raw](std::chrono::milliseconds length) {
            const std::string seconds = std::to_string(static_cast<double>(length.count()) / 1000);
            raw->emplace(stage.raw());
            (*raw)->send("*3\r\n$5\r\nDEBUG\r\n$5\r\nSLEEP\r\n$" + std::to_string(seconds.size()) + "\r\n" +
                         seconds + "\r\n");
          },
          [raw] {
            (*raw)->receive();
            raw->reset();
          }};
}

// No client is served during the pause, not even one that would end it.
Fault paused(Stage& stage) {
  return {{"CLIENT PAUSE", 50ms, 1200ms, true},
          [&stage](std::chrono::milliseconds length) {
            insist(stage, {{"CLIENT", "PAUSE", std::to_string(length.count()), "ALL"}});
          },
          [&stage] { stage.await_ready(); }};
}

// The callers use up all free connections, so this connection stays open to raise the limit again.
Fault crowded(Stage& stage) {
  auto raw = std::make_shared<std::optional<RawRedis>>();
  return {{"maxclients", 100ms, 900ms, true},
          [&stage, raw](std::chrono::milliseconds) {
            raw->emplace(stage.raw());
            (*raw)->text({"CONFIG", "SET", "maxclients", "2"});
            (*raw)->command({"CLIENT", "KILL", "TYPE", "normal"});
          },
          [raw] {
            (*raw)->text({"CONFIG", "SET", "maxclients", "400"});
            raw->reset();
          }};
}

Fault busy(Stage& stage) {
  auto raw = std::make_shared<std::optional<RawRedis>>();
  return {{"BUSY script", 100ms, 900ms, true},
          [&stage, raw](std::chrono::milliseconds) {
            raw->emplace(stage.raw());
            (*raw)->send("*3\r\n$4\r\nEVAL\r\n$17\r\nwhile true do end\r\n$1\r\n0\r\n");
          },
          [&stage, raw] {
            insist(stage, {{"SCRIPT", "KILL"}});
            (*raw)->receive();
            raw->reset();
          }};
}

// A directory at the path of the dump makes saving fail. A server that can't save refuses writes.
Fault unable_to_save(Stage& stage) {
  const std::string dump = stage.server().directory() + "/dump.rdb";
  return {{"MISCONF", 100ms, 900ms, true},
          [&stage, dump](std::chrono::milliseconds) {
            std::filesystem::create_directory(dump);
            insist(stage, {{"CONFIG", "SET", "save", "3600 1"}});
            const auto until = Clock::now() + 20s;
            for (RawRedis raw = stage.raw(); !raw.command({"PING"}).text.starts_with("MISCONF");) {
              raw.command({"BGSAVE"});  // refused while another save runs
              if (Clock::now() > until) throw std::runtime_error("the server is still saving");
              std::this_thread::sleep_for(5ms);
            }
          },
          [&stage, dump] {
            insist(stage, {{"CONFIG", "SET", "save", ""}});
            std::filesystem::remove(dump);
          }};
}

}  // namespace

std::vector<Fault> server_faults(Stage& stage, testing::FaultProxy& proxy) {
  std::vector<Fault> faults;
  faults.push_back(killed(stage, proxy));
  faults.push_back(loading(stage));
  faults.push_back(frozen(stage));
  faults.push_back(asleep(stage));
  faults.push_back(busy(stage));
  faults.push_back(paused(stage));
  faults.push_back(setting(stage, "CLIENT KILL", 0ms, 0ms, {{"CLIENT", "KILL", "TYPE", "normal"}}, {}));
  faults.push_back(crowded(stage));
  faults.push_back(setting(stage, "OOM", 100ms, 900ms, {{"CONFIG", "SET", "maxmemory", "1"}},
                           {{"CONFIG", "SET", "maxmemory", "0"}}));
  faults.push_back(unable_to_save(stage));
  faults.push_back(setting(stage, "READONLY", 100ms, 900ms, {{"REPLICAOF", "127.0.0.1", "1"}},
                           {{"REPLICAOF", "NO", "ONE"}}));
  faults.push_back(
      setting(stage, "MASTERDOWN", 100ms, 900ms,
              {{"CONFIG", "SET", "replica-serve-stale-data", "no"}, {"REPLICAOF", "127.0.0.1", "1"}},
              {{"REPLICAOF", "NO", "ONE"}, {"CONFIG", "SET", "replica-serve-stale-data", "yes"}}));
  faults.push_back(setting(stage, "NOREPLICAS", 100ms, 900ms,
                           {{"CONFIG", "SET", "min-replicas-to-write", "1"}},
                           {{"CONFIG", "SET", "min-replicas-to-write", "0"}}));
  faults.push_back(setting(
      stage, "WRONGPASS", 100ms, 900ms,
      {{"ACL", "SETUSER", "default", "resetpass", ">another"}, {"CLIENT", "KILL", "TYPE", "normal"}}, {}));
  faults.back().end = [&stage] {
    RawRedis raw(stage.server().socket_path());
    raw.text({"AUTH", "another"});
    raw.text({"ACL", "SETUSER", "default", "resetpass", ">" + stage.password()});
  };
  return faults;
}

}  // namespace redstart::soak
