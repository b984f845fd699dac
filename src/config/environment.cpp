// SPDX-License-Identifier: Apache-2.0
// environment.cpp: maps environment variables to settings.
#include "environment.hpp"

#include "keys.hpp"
#include "nearest.hpp"

#include <redstart/config/redis_database.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

extern "C" char** environ;

namespace redstart::inline v0 {

Environment process_environment() {
  Environment variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (const std::size_t equals = text.find('='); equals != std::string_view::npos)
      variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

namespace detail {

namespace {

constexpr std::string_view nested = "REDIS__";

// A database and a key of it, by a nested variable.
struct Named {
  const Key* key = nullptr;
  std::string database{};
};

class EnvironmentReader {
 public:
  explicit EnvironmentReader(Settings& settings) : settings_(settings) {
    known_.assign(database_names.begin(), database_names.end());
    for (const std::string& name : settings.databases) know(name);
  }

  // `REDIS__DATABASES=search,geo` introduces names, which may be near to other names.
  void databases(std::string_view list) {
    while (!list.empty()) {
      const std::size_t comma = list.find(',');
      std::string_view name = list.substr(0, comma);
      list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
      while (name.starts_with(' ')) name.remove_prefix(1);
      while (name.ends_with(' ')) name.remove_suffix(1);
      if (name.empty() || !is_visible(name)) {
        settings_.fault("REDIS__DATABASES", "contains an empty name or one with a space or control character",
                        "write names with commas between: search,geo");
        continue;
      }
      know(std::string(name));
      settings_.mention(name);
    }
  }

  void variable(const std::string& name, std::string_view value) {
    for (const Deprecated& old : deprecated_settings()) {
      if (old.variable != name) continue;
      settings_.notice(name, "is deprecated and has no effect", std::string(old.remedy));
      return;
    }
    if (!name.starts_with(nested)) {
      if (const Key* const key = find_variable(name)) set(*key, {}, name, value);
      return;  // flat variables may belong to other programs
    }
    if (name == "REDIS__DATABASES") return;
    const std::string_view rest = std::string_view(name).substr(nested.size());
    if (const Key* const key = nested_key(rest)) return set(*key, {}, name, value);
    if (const auto database = numbered(rest)) return set(key_named("number"), *database, name, value);
    if (const auto named = of_database(rest)) {
      if (known(named->database)) return set(*named->key, named->database, name, value);
      const std::string_view meant = near_database(named->database);
      if (meant.empty()) return set(*named->key, named->database, name, value);
      return settings_.fault(
          name, "names the unknown database " + named->database,
          "did you mean " + std::string(meant) + "? Name other databases in REDIS__DATABASES");
    }
    unknown(name, rest);
  }

 private:
  void know(const std::string& name) {
    if (!known(name)) known_.push_back(name);
  }
  [[nodiscard]] bool known(std::string_view name) const {
    return std::find(known_.begin(), known_.end(), name) != known_.end();
  }
  [[nodiscard]] std::string_view near_database(std::string_view name) const {
    const std::vector<std::string_view> names(known_.begin(), known_.end());
    return nearest(name, names);
  }

  // An empty variable is not set.
  void set(const Key& key, std::string_view database, const std::string& name, std::string_view value) {
    if (value.empty()) {
      if (!database.empty()) settings_.mention(database);
      return;
    }
    for (const std::string_view scheme : {"tcp://", "udp://", "sctp://"}) {
      if (key.rule != Rule::port || !value.starts_with(scheme)) continue;
      settings_.notice(name, "is an address that Kubernetes sets for a service of this name; it was ignored",
                       "set enableServiceLinks: false, or set registry.kubernetes to use the service");
      return;
    }
    if (key.name == "url") value = unwrapped_url(value, name, settings_);
    settings_.add(key, database, value, Layer::environment, name);
  }

  // `TIMEOUTS__CONNECT`.
  static const Key* nested_key(std::string_view rest) {
    const bool plain = std::all_of(rest.begin(), rest.end(), [](char c) {
      return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
    return plain ? find_key(dotted(rest)) : nullptr;
  }
  // The name in a file of the key that `rest` may mean.
  static std::string dotted(std::string_view rest) {
    std::string name = lower_case(rest);
    for (std::size_t at = 0; (at = name.find("__", at)) != std::string::npos; ++at) name.replace(at, 2, ".");
    return name;
  }
  static std::string tail(const std::string& variable) { return variable.substr(nested.size()); }

  // `CACHE_DB`, `SESSION_DB`.
  [[nodiscard]] std::optional<std::string> numbered(std::string_view rest) const {
    constexpr std::string_view ending = "_DB";
    if (!rest.ends_with(ending) || rest.find("__") != std::string_view::npos) return std::nullopt;
    std::string name = lower_case(rest.substr(0, rest.size() - ending.size()));
    if (name == "session") name = "sessions";
    for (const std::string& each : known_) {
      if (each == name || tail(nested_variable(each)) == upper_case(name)) return each;
    }
    return std::nullopt;
  }

  // `CACHE__TIMEOUTS__CONNECT`; a known name may itself contain `__`.
  [[nodiscard]] std::optional<Named> of_database(std::string_view rest) const {
    for (const std::string& name : known_) {
      const std::string prefix = nested_variable({}, name).substr(nested.size());
      if (!rest.starts_with(prefix)) continue;
      const Key* const key = nested_key(rest.substr(prefix.size()));
      if (key != nullptr && key->scope == Scope::database) return Named{key, name};
    }
    const std::size_t end = rest.find("__");
    if (end == std::string_view::npos || end == 0) return std::nullopt;
    const Key* const key = nested_key(rest.substr(end + 2));
    if (key == nullptr || key->scope != Scope::database) return std::nullopt;
    return Named{key, lower_case(rest.substr(0, end))};
  }

  void unknown(const std::string& name, std::string_view rest) {
    const std::string key = dotted(rest);
    const std::size_t dot = key.find('.');
    if (is_reserved(key) || (dot != std::string::npos && is_reserved(std::string_view(key).substr(dot + 1))))
      return settings_.fault(name, "is reserved for a later release", "remove it");
    const std::string meant = meant_by(rest);
    settings_.fault(name, "is an unknown setting",
                    meant.empty() ? "remove it; docs/configuration.md lists all settings"
                                  : "did you mean " + std::string(nested) + meant + "?");
  }

  // The nearest variable, without `REDIS__`; empty if none is near.
  [[nodiscard]] std::string meant_by(std::string_view rest) const {
    std::vector<std::string> shared{"DATABASES"};
    std::vector<std::string> own;
    for (const Key& key : keys()) {
      shared.push_back(tail(nested_variable(key.name)));
      if (key.scope == Scope::database) own.push_back(shared.back());
    }
    for (const std::string& database : known_) shared.push_back(tail(nested_variable(database)) + "_DB");
    const auto of = [&](std::string_view database, std::string_view key) {
      const std::string meant = nearest_of(key, own);
      return meant.empty() ? meant : tail(nested_variable(meant, database));
    };
    for (const std::string& database : known_) {
      const std::string prefix = tail(nested_variable({}, database));
      if (rest.starts_with(prefix)) return of(database, rest.substr(prefix.size()));
    }
    if (std::string meant = nearest_of(rest, shared); !meant.empty()) return meant;
    const std::size_t end = rest.find("__");
    if (end == std::string_view::npos) return {};
    const std::string_view database = near_database(lower_case(rest.substr(0, end)));
    return database.empty() ? std::string() : of(database, rest.substr(end + 2));
  }
  static std::string nearest_of(std::string_view name, const std::vector<std::string>& candidates) {
    const std::vector<std::string_view> views(candidates.begin(), candidates.end());
    return std::string(nearest(name, views));
  }

  Settings& settings_;
  std::vector<std::string> known_{};
};

}  // namespace

std::string_view value_of(const Environment& environment, std::string_view name) noexcept {
  for (const auto& [each, value] : environment) {
    if (each == name) return value;
  }
  return {};
}

void read_environment(const Environment& environment, Settings& settings) {
  EnvironmentReader reader(settings);
  reader.databases(value_of(environment, "REDIS__DATABASES"));
  // In the order of names, so that messages don't change places.
  std::vector<const Environment::value_type*> sorted;
  for (const auto& entry : environment) sorted.push_back(&entry);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto* a, const auto* b) { return a->first < b->first; });
  const std::string* last = nullptr;
  for (const auto* const entry : sorted) {
    if (last == nullptr || *last != entry->first) reader.variable(entry->first, entry->second);
    last = &entry->first;
  }
}

std::string_view unwrapped_url(std::string_view url, std::string_view where, Settings& settings) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto trim = [&] {
    const std::size_t begin = url.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return false;
    const std::size_t end = url.find_last_not_of(blanks) + 1;
    const bool some = begin != 0 || end != url.size();
    url = url.substr(begin, end - begin);
    return some;
  };
  if (trim())
    settings.notice(std::string(where), "had whitespace around it, which was ignored",
                    "remove them where it is set");
  const bool quoted =
      url.size() > 2 && (url.front() == '"' || url.front() == '\'') && url.back() == url.front();
  if (!quoted) return url;
  settings.notice(std::string(where), "was in quotes, which were ignored",
                  "remove them where it is set: a shell removes quotes, others may not");
  url = url.substr(1, url.size() - 2);
  trim();
  return url;
}

}  // namespace detail

}  // namespace redstart::inline v0
