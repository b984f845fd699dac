// SPDX-License-Identifier: Apache-2.0
// reload.cpp: compares settings key by key.
#include "reload.hpp"

#include <redstart/core/peer_text.hpp>

#include "keys.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace redstart::inline v0 {

namespace detail {

namespace {

bool authenticates(const DatabaseConfig& config) noexcept {
  return config.credentials != nullptr || !config.username.empty() || !config.password.empty();
}

bool is_credential(const Key& key) noexcept { return key.name == "username" || key.name == "password"; }

ConfigChange change_of(const Key& key, std::string_view database, const void* current, const void* next) {
  ConfigChange change;
  change.database = database;
  change.key = key.name;
  change.from = key.access.show(key, current);
  change.to = key.access.show(key, next);
  return change;
}

template <class Differs>
void each_difference(Scope scope, const void* current, const void* next, Differs differs) {
  for (const Key& key : keys())
    if (key.scope == scope && key.access.equal != nullptr && !key.access.equal(current, next)) differs(key);
}

}  // namespace

bool take_over(DatabaseConfig& current, const DatabaseConfig& next, std::string_view database,
               std::size_t shared, std::vector<ConfigChange>& changes) {
  // Whether connections authenticate decides how refusals are read, and a provider stays the one of the
  // start.
  const bool credentials_fixed =
      authenticates(current) != authenticates(next) || current.credentials != nullptr;
  bool any = false;
  each_difference(Scope::database, &current, &next, [&](const Key& key) {
    ConfigChange change = change_of(key, database, &current, &next);
    change.applied = key.reloadable && !(is_credential(key) && credentials_fixed) &&
                     !(key.name == "max_connections" && next.max_connections <= shared);
    if (change.applied) key.access.copy(&current, &next);
    any = any || change.applied;
    changes.push_back(std::move(change));
  });
  return any;
}

void compare(const RedisConfig& current, const RedisConfig& next, std::vector<ConfigChange>& changes) {
  each_difference(Scope::manager, &current, &next,
                  [&](const Key& key) { changes.push_back(change_of(key, {}, &current, &next)); });
}

}  // namespace detail

bool ReloadReport::complete() const noexcept {
  return std::all_of(changes.begin(), changes.end(),
                     [](const ConfigChange& change) { return change.applied; });
}

std::string ReloadReport::explain() const {
  if (changes.empty()) return "nothing has changed";
  std::string text;
  for (const ConfigChange& change : changes) {
    if (!text.empty()) text += '\n';
    if (!change.database.empty()) text += peer_text(change.database) + ": ";
    text += change.key;
    if (change.key != "(new)")
      text += ": " + (change.from.empty() ? "not set" : peer_text(change.from)) + " -> " +
              (change.to.empty() ? "not set" : peer_text(change.to));
    if (!change.applied) text += " (needs a restart)";
  }
  return text;
}

}  // namespace redstart::inline v0
