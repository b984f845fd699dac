// SPDX-License-Identifier: Apache-2.0
// probe.cpp: sends PING, INFO, SET, GET and DEL over an inspection connection.
#include "probe.hpp"

#include "../pool/inspection_connection.hpp"
#include "../protocol/server_identity.hpp"

#include <redstart/resilience/random.hpp>

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>

namespace redstart::inline v0::health {

namespace {

std::string encoded(std::initializer_list<std::string_view> words) {
  std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words) {
    bytes += "$" + std::to_string(word.size()) + "\r\n";
    bytes += word;
    bytes += "\r\n";
  }
  return bytes;
}

class HealthProbe {
 public:
  HealthProbe(pool::Server& server, const TemporaryKey& key, TimePoint deadline)
      : server_(server), key_(key), connection_(server, deadline) {}

  ProbeFacts run() {
    facts_.operational = !key_.name.empty();
    facts_.value = key_.value;
    if (connect() && ping() && learn() && facts_.operational) use_key();
    return std::move(facts_);
  }

 private:
  bool connect() {
    auto opened = connection_.open();
    facts_.reachable = opened.reachable;
    facts_.connecting = opened.duration;
    facts_.problem = std::move(opened.problem);
    if (!opened.refused_ping.empty()) {
      facts_.ping.result = CheckResult::failed;
      facts_.ping.refused = std::move(opened.refused_ping);
    }
    return !facts_.problem;
  }

  // A server that has refused PING in the handshake would do so again, and log it.
  bool ping() { return facts_.ping.result == CheckResult::failed || send(facts_.ping, {"PING"}); }

  bool learn() {
    if (!send(facts_.info, {"INFO"})) return false;
    if (facts_.info.result == CheckResult::ok)
      server_.reachability().info_received(protocol::read_identity(facts_.info.text));
    return true;
  }

  // If SET gets no reply, the key expires by itself.
  void use_key() {
    const std::string lifetime = std::to_string(key_.lifetime.count());
    if (!send(facts_.set, {"SET", key_.name, key_.value, "PX", lifetime})) return;
    if (facts_.set.result != CheckResult::ok) return;
    if (!send(facts_.get, {"GET", key_.name})) return;
    static_cast<void>(send(facts_.del, {"DEL", key_.name}));
  }

  // Returns false if the connection can't be used any more.
  bool send(ProbeStep& step, std::initializer_list<std::string_view> words) {
    auto answer = connection_.query(encoded(words));
    step.duration = answer.duration;
    if (answer.problem) {
      facts_.problem = server_.error(*words.begin(), *std::move(answer.problem)).info();
      return false;
    }
    step.result = answer.answered() ? CheckResult::ok : CheckResult::failed;
    step.text = std::move(answer.text);
    step.refused = std::move(answer.refused);
    return true;
  }

  pool::Server& server_;
  const TemporaryKey& key_;
  pool::InspectionConnection connection_;
  ProbeFacts facts_{};
};

}  // namespace

TemporaryKey temporary_key(const std::string& prefix, std::chrono::milliseconds lifetime) {
  // The process identifier alone is not unique: containers often have the same one.
  static const std::uint64_t process = Random(random_seed()).next();
  static std::atomic<std::uint64_t> last{0};
  const std::uint64_t number = last.fetch_add(1, std::memory_order_relaxed) + 1;
  std::string unique =
      std::to_string(::getpid()) + "-" + std::to_string(process) + "-" + std::to_string(number);
  return {prefix + unique, unique, lifetime};
}

ProbeFacts probe(pool::Server& server, const TemporaryKey& key, TimePoint deadline) {
  return HealthProbe(server, key, deadline).run();
}

}  // namespace redstart::inline v0::health
