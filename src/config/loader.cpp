// SPDX-License-Identifier: Apache-2.0
// loader.cpp: reads the layers, merges them and checks the result.
#include <redstart/config/loader.hpp>
#include <redstart/config/redis_database.hpp>
#include <redstart/core/peer_text.hpp>

#include "environment.hpp"
#include "file.hpp"
#include "keys.hpp"
#include "nearest.hpp"
#include "production.hpp"
#include "resolve.hpp"
#include "settings.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::inline v0 {

namespace {

constexpr std::string_view file_variable = "REDIS_CONFIG_FILE";
constexpr std::size_t most_faults = 200;

bool same_fault(const ConfigFault& a, const ConfigFault& b) { return a.where == b.where && a.what == b.what; }

void make_unique(std::vector<ConfigFault>& faults) {
  std::vector<ConfigFault> unique;
  for (ConfigFault& fault : faults) {
    const bool seen = std::any_of(unique.begin(), unique.end(),
                                  [&](const ConfigFault& each) { return same_fault(each, fault); });
    if (seen) continue;
    if (unique.size() == most_faults) {
      unique.push_back({"configuration", "has more faults, which are not listed", "correct these first"});
      break;
    }
    unique.push_back(std::move(fault));
  }
  faults = std::move(unique);
}

}  // namespace

// One run of the loader.
class RedisConfigLoader::Loading {
 public:
  explicit Loading(const RedisConfigLoader& loader) : loader_(loader) {
    environment_ = loader.environment_ ? *loader.environment_ : process_environment();
    read_layers();
    merge();
    change();
    check();
    config_.notices = settings_.notices;
    make_unique(config_.notices);
    make_unique(settings_.faults);
  }

  [[nodiscard]] std::vector<ConfigFault>& faults() { return settings_.faults; }
  [[nodiscard]] RedisConfig& config() { return config_; }
  [[nodiscard]] std::vector<ExplainedValue> values() const {
    std::vector<ExplainedValue> out;
    for (const detail::Effective& effective : effective_) {
      if (effective.database.empty()) explain(effective, detail::Scope::manager, {}, out);
    }
    for (const detail::Effective& effective : effective_)
      explain(effective, detail::Scope::database, effective.database.empty() ? "*" : effective.database, out);
    return out;
  }

 private:
  void read_layers() {
    for (const CodeSetting& setting : loader_.settings_) {
      if (!setting.database.empty()) settings_.mention(setting.database);
    }
    if (!loader_.no_file_) read_file_layer();
    detail::read_environment(environment_, settings_);
    for (const CodeSetting& setting : loader_.settings_) read_code(setting);
    detail::check_contradictions(settings_);
    read_registry();
  }

  void read_file_layer() {
    if (loader_.file_) return detail::read_configuration_file(*loader_.file_, {}, settings_);
    const std::string_view named = detail::value_of(environment_, file_variable);
    if (!named.empty())
      return detail::read_configuration_file(std::string(named), std::string(file_variable), settings_);
    detail::search_configuration_file(loader_.folders_ ? *loader_.folders_ : detail::usual_folders(),
                                      settings_);
  }

  void read_code(const CodeSetting& setting) {
    const std::string where = setting.database.empty() ? "RedisConfigLoader::set(\"" + setting.key + "\")"
                                                       : "RedisConfigLoader::set(\"" + setting.database +
                                                             "\", \"" + setting.key + "\")";
    const detail::Key* const key = detail::find_key(setting.key);
    if (key == nullptr) {
      std::vector<std::string_view> names;
      for (const detail::Key& each : detail::keys()) names.push_back(each.name);
      const std::string_view meant = detail::nearest(setting.key, names);
      if (detail::is_reserved(setting.key))
        return settings_.fault(where, "is reserved for a later release", "remove it");
      return settings_.fault(where, "is an unknown setting",
                             meant.empty() ? "remove it; docs/configuration.md lists all settings"
                                           : "did you mean " + std::string(meant) + "?");
    }
    if (!setting.database.empty() && key->scope == detail::Scope::manager)
      return settings_.fault(where, "is a setting of the manager", "call set() without a database");
    settings_.add(*key, setting.database, setting.value.reveal(), detail::Layer::code, where);
  }

  void read_registry() {
    const detail::Effective defaults = detail::effective_settings(settings_, {});
    std::shared_ptr<const ServiceRegistry> registry = loader_.registry_;
    const detail::Setting* const path = defaults.at("registry.file");
    const detail::Setting* const kubernetes = defaults.at("registry.kubernetes");
    const bool use_kubernetes = kubernetes != nullptr && kubernetes->valid &&
                                detail::read_flag(kubernetes->text.reveal()).value_or(false);
    if (!registry && path != nullptr && path->valid) {
      if (use_kubernetes)
        settings_.fault(kubernetes->where, "is set together with registry.file", "use one registry");
      registry = file_registry(std::string(path->text.reveal()));
    } else if (!registry && use_kubernetes) {
      registry = kubernetes_registry(environment_);
    }
    // The names are collected first: resolving adds settings.
    struct Wanted {
      std::string database{};
      std::string name{};
      std::string where{};
    };
    std::vector<Wanted> wanted;
    const auto want = [&](const detail::Setting* setting, const std::string& database) {
      if (setting == nullptr || !setting->valid || setting->database != database) return;
      wanted.push_back({database, std::string(setting->text.reveal()), setting->where});
    };
    want(defaults.at("service_name"), {});
    for (const std::string& database : settings_.databases)
      want(detail::effective_settings(settings_, database).at("service_name"), database);
    const bool usual = wanted.empty() || !wanted.front().database.empty();
    if (!registry) {
      for (const Wanted& each : wanted)
        settings_.fault(each.where, "names a service, but there is no registry",
                        "set registry.file or registry.kubernetes, or pass a registry to the loader");
      return;
    }
    if (usual) resolve(*registry, {}, "redis", {});
    for (const Wanted& each : wanted) resolve(*registry, each.database, each.name, each.where);
  }

  void resolve(const ServiceRegistry& registry, const std::string& database, const std::string& name,
               const std::string& where) {
    std::vector<Endpoint> endpoints;
    try {
      endpoints = registry.resolve(name);
    } catch (const ConfigError& error) {
      settings_.faults.insert(settings_.faults.end(), error.faults().begin(), error.faults().end());
      return;
    } catch (const std::exception& error) {
      return settings_.fault(registry.description(), "failed: " + std::string(error.what()),
                             "check the registry");
    } catch (...) {
      return settings_.fault(registry.description(), "failed with an exception that is no std::exception",
                             "check the registry");
    }
    if (endpoints.empty()) {
      if (!where.empty())
        settings_.fault(where,
                        "names the service " + name + ", which is not in the " + registry.description(),
                        "check the name");
      return;
    }
    const std::string source = registry.description() + " (" + name + ")";
    const Endpoint& endpoint = endpoints.front();
    const auto add = [&](std::string_view key, const std::string& text) {
      settings_.add(detail::key_named(key), database, text, detail::Layer::registry, source);
    };
    if (endpoint.is_unix()) return add("unix_path", endpoint.unix_path);
    add("host", endpoint.host);
    add("port", std::to_string(endpoint.port));
  }

  void merge() {
    effective_.push_back(detail::effective_settings(settings_, {}));
    detail::apply_settings(effective_.front(), config_);
    detail::apply_settings(effective_.front(), config_.defaults, settings_);
    const RedisConfig built_in;
    for (const std::string& name : detail::database_list(settings_)) {
      effective_.push_back(detail::effective_settings(settings_, name));
      RedisConfig own = built_in;
      DatabaseConfig& database = own.database(name);
      detail::apply_settings(effective_.back(), database, settings_);
      config_.databases.push_back({name, std::move(database)});
    }
  }

  void change() {
    before_ = config_;
    for (const auto& change : loader_.changes_) change->apply(config_);
    for (const NamedDatabase& database : config_.databases) {
      const bool known = std::any_of(effective_.begin(), effective_.end(),
                                     [&](const auto& each) { return each.database == database.name; });
      if (!known && !database.name.empty())
        effective_.push_back(detail::effective_settings(settings_, database.name));
      before_.database(database.name);
    }
  }

  void check() {
    for (ConfigFault& fault : validate(config_)) place(std::move(fault));
    if (detail::is_production(config_.environment)) check_production();
  }

  // Names the place that set a field in a fault of validate().
  void place(ConfigFault fault) {
    const auto dot = [](std::string_view where, std::size_t from) { return where.find('.', from); };
    const std::string_view where = fault.where;
    const detail::Effective* target = &effective_.front();
    std::string_view field = where;
    if (where.starts_with("defaults.")) {
      field = where.substr(dot(where, 0) + 1);
    } else {
      for (const detail::Effective& each : effective_) {
        const std::string prefix = "databases[\"" + each.database + "\"].";
        if (each.database.empty() || !where.starts_with(prefix)) continue;
        target = &each;
        field = where.substr(prefix.size());
      }
    }
    const std::string group = std::string(field) + ".";
    const std::string_view first = field.substr(0, field.find('.'));
    const detail::Setting* source = nullptr;
    for (const detail::Setting* const setting : target->by_key) {
      if (setting == nullptr) continue;
      const std::string_view name = setting->key->field_name();
      // A fault of the same group was reported, and this one may only follow from it.
      if (!setting->valid && name.substr(0, name.find('.')) == first) return;
      if (source == nullptr && (name == field || name.starts_with(group))) source = setting;
    }
    if (source != nullptr && !changed(*source->key, owner(*target, source->key->scope)))
      fault.where = source->where;
    settings_.faults.push_back(std::move(fault));
  }

  void check_production() {
    for (const detail::Effective& each : effective_) {
      const DatabaseConfig* const database = each.database.empty() ? nullptr : config_.find(each.database);
      if (database == nullptr) continue;
      const std::string where = "databases[\"" + each.database + "\"]";
      const detail::Key& host = detail::key_named("host");
      const detail::Key& path = detail::key_named("unix_path");
      const Owner fields = owner(each, detail::Scope::database);
      if (each.at("host") == nullptr && each.at("unix_path") == nullptr && !changed(host, fields) &&
          !changed(path, fields))
        settings_.fault(where, "has no explicit host, which production demands",
                        "set REDIS_URL, REDIS_HOST or host");
      if (database->credentials) continue;
      const detail::Setting* const password = each.at("password");
      const detail::Setting* const file = each.at("password_file");
      if (database->password.empty()) {
        // A password that can't be read was reported.
        if ((password != nullptr && !password->valid) || file != nullptr) continue;
        settings_.fault(where, "has no credential, which production demands",
                        "set REDIS_PASSWORD_FILE, REDIS_PASSWORD or password, or a CredentialsProvider");
      } else if (detail::is_placeholder(database->password.reveal())) {
        settings_.fault(password != nullptr ? password->where
                        : file != nullptr   ? file->where
                                            : where,
                        "has a placeholder as password, which production refuses", "set the real password");
      }
    }
  }

  // The owner of the fields of a scope, before and after the functions of code(). Null: they have removed it.
  struct Owner {
    const void* before = nullptr;
    const void* now = nullptr;
  };
  [[nodiscard]] Owner owner(const detail::Effective& target, detail::Scope scope) const {
    if (scope == detail::Scope::manager) return {&before_, &config_};
    if (target.database.empty()) return {&before_.defaults, &config_.defaults};
    return {before_.find(target.database), config_.find(target.database)};
  }
  // True if a function of code() has changed the field.
  static bool changed(const detail::Key& key, const Owner& fields) {
    return key.access.equal != nullptr && fields.now != nullptr &&
           !key.access.equal(fields.before, fields.now);
  }

  void explain(const detail::Effective& effective, detail::Scope scope, const std::string& database,
               std::vector<ExplainedValue>& out) const {
    const Owner fields = owner(effective, scope);
    if (fields.now == nullptr) return;
    for (const detail::Key& key : detail::keys()) {
      if (key.scope != scope || key.name == "url") continue;
      const detail::Setting* const setting = effective.by_key[detail::index_of(key)];
      const bool used = setting != nullptr && setting->valid;
      ExplainedValue value{database, std::string(key.name), {}, "default", {}};
      if (key.access.show != nullptr)
        value.value = peer_text(key.access.show(key, fields.now));
      else if (used)
        value.value = peer_text(setting->text.reveal());
      if (changed(key, fields)) {
        value.layer = to_string(detail::Layer::code);
        value.source = "RedisConfigLoader::code()";
      } else if (used) {
        value.layer = to_string(setting->layer);
        value.source = peer_text(setting->where);
      } else if (const detail::Setting* const file = secret_file(effective, key.name)) {
        value.layer = to_string(file->layer);
        value.source = peer_text(file->where);
      }
      out.push_back(std::move(value));
    }
  }

  // The setting of the file that a secret was read from.
  static const detail::Setting* secret_file(const detail::Effective& effective, std::string_view key) {
    if (key != "password" && key != "tls.key_password") return nullptr;
    return effective.at(std::string(key) + "_file");
  }

  const RedisConfigLoader& loader_;
  Environment environment_{};
  detail::Settings settings_{};
  RedisConfig config_{};
  RedisConfig before_{};  // the same without the functions of code(), with all databases
  std::vector<detail::Effective> effective_{};  // the manager with the defaults first, then databases
};

RedisConfigLoader& RedisConfigLoader::file(std::string path) {
  file_ = std::move(path);
  no_file_ = false;
  return *this;
}

RedisConfigLoader& RedisConfigLoader::no_file() {
  no_file_ = true;
  return *this;
}

RedisConfigLoader& RedisConfigLoader::search(std::vector<std::string> folders) {
  folders_ = std::move(folders);
  return *this;
}

RedisConfigLoader& RedisConfigLoader::environment(Environment variables) {
  environment_ = std::move(variables);
  return *this;
}

RedisConfigLoader& RedisConfigLoader::registry(std::shared_ptr<const ServiceRegistry> services) {
  registry_ = std::move(services);
  return *this;
}

RedisConfigLoader& RedisConfigLoader::set(std::string_view key, std::string_view value) {
  settings_.push_back({{}, std::string(key), Secret(value)});
  return *this;
}

RedisConfigLoader& RedisConfigLoader::set(std::string_view database, std::string_view key,
                                          std::string_view value) {
  settings_.push_back({std::string(database), std::string(key), Secret(value)});
  return *this;
}

RedisConfig RedisConfigLoader::load() const {
  Loading loading(*this);
  if (!loading.faults().empty()) throw ConfigError(std::move(loading.faults()));
  return std::move(loading.config());
}

ConfigExplanation RedisConfigLoader::explain() const {
  Loading loading(*this);
  ConfigExplanation out;
  out.values = loading.values();
  const auto presentable = [](std::vector<ConfigFault> faults) {
    for (ConfigFault& fault : faults) {
      for (std::string* const text : {&fault.where, &fault.what, &fault.remedy}) *text = peer_text(*text);
    }
    return faults;
  };
  out.faults = presentable(std::move(loading.faults()));
  out.notices = presentable(loading.config().notices);
  return out;
}

}  // namespace redstart::inline v0
