// SPDX-License-Identifier: Apache-2.0
// loader.cpp: makes a configuration from defaults and the environment.
#include <redstart/config/loader.hpp>
#include <redstart/config/redis_database.hpp>

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::inline v0 {

namespace {

constexpr std::string_view variable = "REDIS_URL";

// The URL without blanks and quotes that files and shells add. Adds a notice, because other programs that
// read the variable may not ignore them.
std::string_view unwrapped(std::string_view url, std::vector<ConfigFault>& notices) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto note = [&notices](const char* what, const char* remedy) {
    notices.push_back({std::string(variable), what, remedy});
  };
  const auto trim = [&] {
    const std::size_t begin = url.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return false;
    const std::size_t end = url.find_last_not_of(blanks) + 1;
    const bool some = begin != 0 || end != url.size();
    url = url.substr(begin, end - begin);
    return some;
  };
  if (trim()) note("had whitespace around it, which was ignored", "remove them where it is set");
  const bool quoted =
      url.size() > 2 && (url.front() == '"' || url.front() == '\'') && url.back() == url.front();
  if (!quoted) return url;
  note("was in quotes, which were ignored",
       "remove them where it is set: a shell removes quotes, others may not");
  url = url.substr(1, url.size() - 2);
  trim();
  return url;
}

}  // namespace

RedisConfig RedisConfigLoader::load() const {
  RedisConfig config;
  std::vector<ConfigFault> faults;
  if (const char* url = std::getenv("REDIS_URL"); url != nullptr && *url != '\0')
    faults = apply_url(unwrapped(url, config.notices), variable, config.defaults);
  config.database(to_string(RedisDatabase::main));
  if (faults.empty()) faults = validate(config);
  if (!faults.empty()) throw ConfigError(std::move(faults));
  return config;
}

}  // namespace redstart::inline v0
