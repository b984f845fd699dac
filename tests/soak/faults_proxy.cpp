// SPDX-License-Identifier: Apache-2.0
// faults_proxy.cpp: faults between client and server.
// They cut, reset, half-close, silence or slow a link, split data, and change bytes and replies.
#include "nemesis.hpp"

#include <memory>
#include <random>

namespace redstart::soak {
namespace {

using namespace std::chrono_literals;
using testing::Direction;
using testing::FaultProxy;
using testing::FaultScript;

// Faults draw from one sequence on the thread of the nemesis: the same seed gives the same faults.
class Dice {
 public:
  explicit Dice(std::uint32_t seed) : random_(std::make_shared<std::mt19937>(seed)) {}
  [[nodiscard]] std::uint64_t between(std::uint64_t least, std::uint64_t most) const {
    return least + (*random_)() % (most - least + 1);
  }
  [[nodiscard]] Direction direction() const {
    return between(0, 1) == 0 ? Direction::to_client : Direction::to_server;
  }

 private:
  std::shared_ptr<std::mt19937> random_;
};

struct Lasts {
  std::chrono::milliseconds least;
  std::chrono::milliseconds most;
};

// A fault that `proxy.heal()` ends. If `alone` is set, no other fault takes the server away at that time.
template <class F>
Fault standing(FaultProxy& proxy, std::string name, Lasts lasts, bool alone, F begin) {
  return {{std::move(name), lasts.least, lasts.most, alone},
          [&proxy, begin](std::chrono::milliseconds) { begin(proxy); },
          [&proxy] { proxy.heal(); }};
}

}  // namespace

std::vector<Fault> proxy_faults(FaultProxy& proxy, std::uint32_t seed) {
  const Dice dice(seed + 6000);
  std::vector<Fault> faults;
  const auto add = [&](std::string name, Lasts lasts, bool alone, auto begin) {
    faults.push_back(standing(proxy, std::move(name), lasts, alone, begin));
  };
  add("RST", {0ms, 0ms}, true, [](FaultProxy& p) { p.open_connections().reset(); });
  add("cut in a reply", {100ms, 500ms}, true, [dice](FaultProxy& p) {
    p.open_connections().after_bytes(dice.between(1, 20'000), Direction::to_client).reset();
  });
  add("cut in a request", {100ms, 500ms}, true, [dice](FaultProxy& p) {
    p.open_connections().after_bytes(dice.between(1, 20'000), Direction::to_server).close();
  });
  add("executed, reply lost", {100ms, 500ms}, true,
      [](FaultProxy& p) { p.open_connections().on_reply_to("RPUSH").reset(); });
  add("half-close", {50ms, 800ms}, true,
      [dice](FaultProxy& p) { p.open_connections().half_close(dice.direction()); });
  add("stops reading", {50ms, 1500ms}, true,
      [dice](FaultProxy& p) { p.all_connections().stop_reading(dice.direction()); });
  add("silent link", {50ms, 2500ms}, true, [](FaultProxy& p) { p.freeze(); });
  add("server out of reach", {100ms, 1500ms}, true, [](FaultProxy& p) { p.crash(); });
  add("connecting hangs", {100ms, 2000ms}, true, [](FaultProxy& p) {
    p.blackhole();
    p.open_connections().reset();
  });
  // The link is silent first and then reset.
  faults.push_back({{"dead link", 50ms, 1500ms, true},
                    [&proxy](std::chrono::milliseconds) { proxy.freeze(); },
                    [&proxy] {
                      proxy.open_connections().reset();
                      proxy.heal();
                    }});
  add("slices", {500ms, 4000ms}, false, [dice](FaultProxy& p) {
    const auto bytes = static_cast<std::size_t>(dice.between(3, 200));
    p.all_connections().slice(bytes, Direction::to_client).slice(bytes, Direction::to_server);
  });
  add("latency", {500ms, 4000ms}, false, [dice](FaultProxy& p) {
    p.all_connections().latency(0ms, std::chrono::milliseconds(dice.between(1, 30)), Direction::to_client);
  });
  add("narrow link", {300ms, 2000ms}, false,
      [](FaultProxy& p) { p.all_connections().bandwidth(2 << 20, Direction::to_client); });
  return faults;
}

std::vector<Fault> integrity_faults(FaultProxy& proxy, std::uint32_t seed) {
  // Two replies of one batch that change places are not among them, because nothing behind the batch can
  // prove it.
  const Dice dice(seed + 7000);
  std::vector<Fault> faults;
  const auto add = [&](std::string name, auto begin) {
    faults.push_back(standing(proxy, std::move(name), {300ms, 1200ms}, false, begin));
  };
  add("reply swallowed",
      [dice](FaultProxy& p) { p.open_connections().on_reply(dice.between(1, 20)).swallow(); });
  add("reply doubled",
      [dice](FaultProxy& p) { p.open_connections().on_reply(dice.between(1, 20)).duplicate(); });
  add("corrupt byte", [dice](FaultProxy& p) {
    p.open_connections()
        .after_bytes(dice.between(1, 2000), Direction::to_client)
        .corrupt(Direction::to_client);
  });
  return faults;
}

}  // namespace redstart::soak
