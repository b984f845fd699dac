// SPDX-License-Identifier: Apache-2.0
// program.cpp: without TLS and YAML, configurations that need them are rejected.
#include "net/tls_source.hpp"

#include <redstart/config/loader.hpp>
#include <redstart/config/redis_config.hpp>

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

int main() {
  redstart::RedisConfig config;
  redstart::RedisConfig plain;
  plain.database("main");
  if (!redstart::validate(plain).empty() ||
      !redstart::apply_url("rediss://host", "url", config.defaults).empty())
    return 2;
  config.database("main");
  const auto faults = redstart::validate(config);
  for (const auto& fault : faults)
    std::printf("%s %s: %s\n", fault.where.c_str(), fault.what.c_str(), fault.remedy.c_str());
  // Past validation, opening a connection is rejected as well.
  redstart::net::TlsSource source(config.defaults.tls, [](redstart::EventKind, std::string_view) {});
  std::optional<redstart::Cause> failure;
  if (source.current("localhost", failure) || !failure) return 3;
  std::printf("%s\n", failure->what.c_str());
  const bool reported = !faults.empty() && faults[0].what.find("built without TLS") != std::string::npos &&
                        failure->what.find("built without TLS") != std::string::npos;
  if (!reported) return 1;
  const char* const file = "without_yaml.yaml";
  std::FILE* const out = std::fopen(file, "w");
  if (out == nullptr || std::fputs("service: shop\n", out) < 0 || std::fclose(out) != 0) return 4;
  const auto explanation = redstart::RedisConfigLoader{}.file(file).explain();
  std::remove(file);
  return explanation.faults.size() == 1 &&
                 explanation.faults[0].what.find("without YAML") != std::string::npos
             ? 0
             : 5;
}
