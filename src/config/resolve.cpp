// SPDX-License-Identifier: Apache-2.0
// resolve.cpp: merges the layers field by field.
#include "resolve.hpp"

#include "file.hpp"

#include <redstart/config/redis_database.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace redstart::inline v0::detail {

namespace {

struct Displaced {
  std::string_view by;
  std::string_view key;
};

constexpr Displaced displacements[] = {
    {"host", "unix_path"},
    {"port", "unix_path"},
    {"unix_path", "host"},
    {"unix_path", "port"},
    {"password", "password_file"},
    {"password_file", "password"},
    {"tls.key_password", "tls.key_password_file"},
    {"tls.key_password_file", "tls.key_password"},
};

// The number of `REDIS_URL` or `REDIS_DB` is that of `main` and of other names: the fifteen have their own.
bool applies(const Setting& setting, std::string_view database) {
  if (!setting.database.empty()) return setting.database == database;
  if (setting.key->name != "number") return true;
  const auto own = default_number(database);
  return !own || *own == 0;
}

void put(Effective& effective, const Setting& setting) {
  effective.by_key[index_of(*setting.key)] = &setting;
  for (const Displaced& each : displacements) {
    if (each.by != setting.key->name) continue;
    const Setting*& other = effective.by_key[index_of(key_named(each.key))];
    // Within one layer both were reported as a contradiction.
    if (other != nullptr && (other->layer != setting.layer || other->database != setting.database))
      other = nullptr;
  }
}

void read_secret(const Effective& effective, std::string_view key, Secret& secret, Settings& settings) {
  const Setting* const setting = effective.at(key);
  if (setting == nullptr || !setting->valid) return;
  if (auto read = read_secret_file(std::string(setting->text.reveal()), setting->where, settings))
    secret = std::move(*read);
}

}  // namespace

const Setting* Effective::at(std::string_view key) const noexcept { return by_key[index_of(key_named(key))]; }

Effective effective_settings(const Settings& settings, std::string_view database) {
  Effective effective{std::string(database), std::vector<const Setting*>(keys().size())};
  for (const Layer layer : {Layer::file, Layer::registry, Layer::environment, Layer::code}) {
    for (const bool own : {false, true}) {
      for (const Setting& setting : settings.all) {
        if (setting.layer == layer && setting.database.empty() != own && applies(setting, database))
          put(effective, setting);
      }
    }
  }
  return effective;
}

void apply_settings(const Effective& effective, DatabaseConfig& config, Settings& settings) {
  for (const Setting* const setting : effective.by_key) {
    if (setting == nullptr || !setting->valid || setting->key->scope != Scope::database) continue;
    if (setting->key->access.set != nullptr)
      static_cast<void>(setting->key->access.set(*setting->key, &config, setting->text.reveal()));
  }
  read_secret(effective, "password_file", config.password, settings);
  read_secret(effective, "tls.key_password_file", config.tls.key_password, settings);
}

void apply_settings(const Effective& effective, RedisConfig& config) {
  for (const Setting* const setting : effective.by_key) {
    if (setting == nullptr || !setting->valid || setting->key->scope != Scope::manager) continue;
    if (setting->key->access.set != nullptr)
      static_cast<void>(setting->key->access.set(*setting->key, &config, setting->text.reveal()));
  }
}

std::vector<std::string> database_list(const Settings& settings) {
  std::vector<std::string> names{std::string(to_string(RedisDatabase::main))};
  for (const std::string& name : settings.databases) {
    if (name != names.front()) names.push_back(name);
  }
  return names;
}

}  // namespace redstart::inline v0::detail
