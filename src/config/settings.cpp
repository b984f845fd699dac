// SPDX-License-Identifier: Apache-2.0
// settings.cpp: collects settings, checks each value, and finds contradictions inside a layer.
#include "settings.hpp"

#include "url.hpp"

#include <redstart/config/redis_database.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace redstart::inline v0::detail {

namespace {

// Two keys for one purpose: a layer sets one of them.
constexpr std::pair<std::string_view, std::string_view> alternatives[] = {
    {"password", "password_file"},
    {"tls.key_password", "tls.key_password_file"},
    {"host", "unix_path"},
    {"port", "unix_path"},
};

bool are_alternatives(std::string_view a, std::string_view b) {
  return std::any_of(std::begin(alternatives), std::end(alternatives), [&](const auto& pair) {
    return (pair.first == a && pair.second == b) || (pair.first == b && pair.second == a);
  });
}

bool same_target(const Setting& a, const Setting& b) {
  return a.layer == b.layer && a.database == b.database;
}

std::string showable_name(std::string_view name) {
  return is_visible(name) && name.size() <= 64 ? "\"" + std::string(name) + "\""
                                               : "(a name that can't be shown)";
}

}  // namespace

std::string_view to_string(Layer layer) noexcept {
  switch (layer) {
    case Layer::defaults: return "default";
    case Layer::file: return "file";
    case Layer::registry: return "service registry";
    case Layer::environment: return "environment";
    case Layer::code: return "code";
  }
  return {};
}

void Settings::fault(std::string where, std::string what, std::string remedy) {
  faults.push_back({std::move(where), std::move(what), std::move(remedy)});
}

void Settings::notice(std::string where, std::string what, std::string remedy) {
  notices.push_back({std::move(where), std::move(what), std::move(remedy)});
}

void Settings::mention(std::string_view name) {
  if (std::find(databases.begin(), databases.end(), name) == databases.end()) databases.emplace_back(name);
}

void Settings::add(const Key& key, std::string_view database, std::string_view text, Layer layer,
                   std::string where) {
  if (!database.empty()) mention(database);
  if (key.name == "url") return add_url(database, text, layer, where);
  Setting setting{&key, std::string(database), Secret(text), layer, std::move(where)};
  if (auto wrong = fault_of_value(key, text)) {
    setting.valid = false;
    fault(setting.where, std::move(wrong->what), std::move(wrong->remedy));
  }
  all.push_back(std::move(setting));
}

void Settings::add_url(std::string_view database, std::string_view url, Layer layer,
                       const std::string& where) {
  UrlContent content = read_url(url, where);
  if (!content.faults.empty()) {
    std::move(content.faults.begin(), content.faults.end(), std::back_inserter(faults));
    // An address was given, although it can't be used: no further fault asks for one.
    for (const std::string_view key : {"host", "password"}) {
      Setting unusable{&key_named(key), std::string(database), Secret(), layer, where};
      unusable.valid = false;
      all.push_back(std::move(unusable));
    }
    return;
  }
  for (UrlPart& part : content.parts) {
    Setting setting{&key_named(part.key), std::string(database), std::move(part.text), layer, where};
    setting.implied = part.implied;
    all.push_back(std::move(setting));
  }
}

void check_contradictions(Settings& settings) {
  std::vector<Setting>& all = settings.all;
  std::vector<Setting> kept;
  kept.reserve(all.size());
  for (Setting& later : all) {
    const Setting* against = nullptr;
    bool repeated = false;
    for (const Setting& earlier : kept) {
      if (!same_target(earlier, later) || !earlier.valid || !later.valid) continue;
      const bool same_key = earlier.key == later.key;
      if (same_key && same_value(*later.key, earlier.text.reveal(), later.text.reveal())) {
        repeated = true;
        break;
      }
      if (same_key || are_alternatives(earlier.key->name, later.key->name)) {
        against = &earlier;
        break;
      }
    }
    if (against != nullptr) {
      const std::string of =
          later.database.empty() ? std::string() : " of database " + showable_name(later.database);
      const bool same_key = against->key == later.key;
      settings.fault(
          later.where,
          same_key ? "sets " + std::string(later.key->name) + of + " to another value than " + against->where
                   : "sets " + std::string(later.key->name) + of + ", and " + against->where + " sets " +
                         std::string(against->key->name),
          same_key ? "set it in one place" : "set one of the two");
      continue;
    }
    if (!repeated) kept.push_back(std::move(later));
  }
  all = std::move(kept);
}

}  // namespace redstart::inline v0::detail
