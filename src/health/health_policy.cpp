// SPDX-License-Identifier: Apache-2.0
// health_policy.cpp: validates policies.
#include <redstart/core/peer_text.hpp>
#include <redstart/health/health_policy.hpp>

#include <string_view>
#include <utility>

namespace redstart::inline v0 {

namespace {

class PolicyValidator {
 public:
  void time(std::string_view field, std::chrono::milliseconds value, std::chrono::milliseconds least,
            std::chrono::milliseconds most) {
    range(field, value.count(), least.count(), most.count(), " ms");
  }
  void count(std::string_view field, unsigned value) { range(field, value, 1, 100, ""); }
  void share(std::string_view field, double value) {
    if (!(value >= 0 && value <= 1))
      fault(field, "is " + std::to_string(value), "use 0 to 1; 0 turns the warning off");
  }
  void bounds(const std::array<std::chrono::microseconds, 4>& bounds) {
    std::chrono::microseconds last{0};
    for (const std::chrono::microseconds bound : bounds) {
      if (bound <= last)
        return fault("latency_bounds", "are not ascending, or not above 0",
                     "use four times, such as 1 ms, 5 ms, 20 ms and 100 ms");
      last = bound;
    }
  }
  void prefix(std::string_view prefix) {
    constexpr std::size_t longest = 200;
    if (prefix.empty() || prefix.size() > longest)
      fault("key_prefix", "has " + std::to_string(prefix.size()) + " bytes", "use 1 to 200 bytes");
    else if (!is_presentable(prefix))
      fault("key_prefix", "has a control character, or is not UTF-8", "use printable characters");
  }
  void fault(std::string_view field, std::string what, std::string remedy) {
    faults_.push_back({"HealthPolicy::" + std::string(field), std::move(what), std::move(remedy)});
  }
  [[nodiscard]] std::vector<ConfigFault> take() noexcept { return std::move(faults_); }

 private:
  void range(std::string_view field, std::int64_t value, std::int64_t least, std::int64_t most,
             const std::string& unit) {
    if (value < least || value > most)
      fault(field, "is " + std::to_string(value) + unit,
            "use " + std::to_string(least) + " to " + std::to_string(most) + unit);
  }

  std::vector<ConfigFault> faults_{};
};

}  // namespace

std::vector<ConfigFault> validate(const HealthPolicy& policy) {
  using namespace std::chrono_literals;
  PolicyValidator validator;
  validator.time("budget", policy.budget, 10ms, 2s);
  validator.time("interval", policy.interval, 100ms, 1h);
  validator.time("cache_time", policy.cache_time, 0ms, 1h);
  validator.count("failures", policy.failures);
  validator.count("successes", policy.successes);
  validator.bounds(policy.latency_bounds);
  validator.share("clients_share", policy.clients_share);
  validator.share("memory_share", policy.memory_share);
  validator.share("hit_ratio", policy.hit_ratio);
  if (policy.minimum_lookups == 0) validator.fault("minimum_lookups", "is 0", "use 1 or more");
  validator.prefix(policy.key_prefix);
  validator.time("key_lifetime", policy.key_lifetime, 1s, 1h);
  return validator.take();
}

}  // namespace redstart::inline v0
