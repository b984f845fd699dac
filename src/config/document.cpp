// SPDX-License-Identifier: Apache-2.0
// document.cpp: turns the tree of a configuration file into settings.
#include "document.hpp"

#include "keys.hpp"
#include "nearest.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace redstart::inline v0::detail {

namespace {

using Type = DocumentNode::Type;

// A key of a mapping that a message may show. Others may be a misplaced secret.
bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  });
}

class DocumentReader {
 public:
  DocumentReader(const std::string& path, Settings& settings) : path_(path), settings_(settings) {}

  void root(const DocumentNode& node) {
    if (node.type != Type::mapping)
      return settings_.fault(place(path_, node.position), "is not a mapping at its top level",
                             "write settings such as `defaults:` and `databases:`");
    each_entry(node, [this](const DocumentEntry& entry) {
      if (entry.name == "defaults") return section(entry, {}, {});
      if (entry.name == "databases") return databases(entry);
      top_level(entry, entry.name);
    });
  }

 private:
  // Calls `use` with each entry, `<<` merged: entries of the mapping itself win.
  template <class Use>
  void each_entry(const DocumentNode& node, const Use& use) {
    std::vector<std::string_view> own;
    for (const DocumentEntry& entry : node.entries) {
      // The parser has reported a name that is there twice.
      if (entry.name == "<<" || std::find(own.begin(), own.end(), entry.name) != own.end()) continue;
      own.push_back(entry.name);
      if (count(entry.position)) use(entry);
    }
    for (const DocumentEntry& entry : node.entries) {
      if (entry.name != "<<") continue;
      if (entry.value->type != Type::mapping) {
        settings_.fault(place(path_, entry.position), "merges a value that is not a mapping",
                        "write `<<: *name` with the anchor of a mapping");
        continue;
      }
      for (const DocumentEntry& merged : entry.value->entries) {
        if (merged.name == "<<")
          settings_.fault(place(path_, merged.position), "merges inside a merged mapping",
                          "write the settings out");
        else if (std::find(own.begin(), own.end(), merged.name) == own.end() && count(merged.position))
          use(merged);
      }
    }
  }

  // Bounds the work that aliases cause.
  bool count(Position position) {
    if (++visited_ < most_nodes) return true;
    if (visited_ == most_nodes)
      settings_.fault(place(path_, position), "is beyond " + std::to_string(most_nodes) + " values",
                      "use fewer settings or aliases");
    return false;
  }

  // Settings of the manager, and names that belong into `defaults`.
  void top_level(const DocumentEntry& entry, const std::string& name) {
    const Key* const key = find_key(name);
    if (key != nullptr && key->scope == Scope::manager) return value(*key, {}, entry, name);
    if (entry.value->type == Type::mapping && is_group(name, Scope::manager))
      return each_entry(*entry.value,
                        [&](const DocumentEntry& inner) { top_level(inner, name + "." + inner.name); });
    if (key != nullptr || is_group(name, Scope::database))
      return settings_.fault(at(entry, name), "is a setting of databases, at the top level",
                             "move it below `defaults:`, or below the name of a database in `databases:`");
    unknown(entry, name, name, Scope::manager);
  }

  // Settings of all databases or of one. `prefix` is the group, with a dot at its end.
  void section(const DocumentEntry& entry, const std::string& prefix, const std::string& database) {
    if (entry.value->type == Type::null) return;
    if (entry.value->type != Type::mapping)
      return settings_.fault(
          at(entry, shown_path(prefix.substr(0, prefix.find_last_not_of('.') + 1), database)),
          "is not a mapping", "write its settings below it, one per line");
    each_entry(*entry.value, [&](const DocumentEntry& inner) {
      const std::string name = prefix + inner.name;
      const Key* const key = find_key(name);
      const bool mapping = inner.value->type == Type::mapping;
      if (key != nullptr && key->scope == Scope::database && !(mapping && is_group(name, Scope::database)))
        return value(*key, database, inner, shown_path(name, database));
      if (is_group(name, Scope::database)) return section(inner, name + ".", database);
      if (key != nullptr || is_group(name, Scope::manager))
        return settings_.fault(at(inner, shown_path(name, database)), "is a setting of the manager",
                               "move it to the top level");
      unknown(inner, name, shown_path(name, database), Scope::database);
    });
  }

  void databases(const DocumentEntry& entry) {
    if (entry.value->type == Type::null) return;
    if (entry.value->type != Type::mapping)
      return settings_.fault(at(entry, "databases"), "is not a mapping",
                             "write the names of databases below it");
    each_entry(*entry.value, [this](const DocumentEntry& database) {
      if (database.name.empty() || !is_visible(database.name))
        return settings_.fault(
            place(path_, database.position) + " (databases)",
            "has the name of a database with a space or a control character, or an empty one",
            "use visible ASCII characters only");
      settings_.mention(database.name);
      section(database, {}, database.name);
    });
  }

  void value(const Key& key, const std::string& database, const DocumentEntry& entry,
             const std::string& shown) {
    switch (entry.value->type) {
      case Type::null: return;  // not set
      case Type::scalar: break;
      case Type::list:
      case Type::mapping:
        return settings_.fault(at(entry, shown), "is not a single value", "use " + accepted(key));
    }
    const std::string_view text = entry.value->text.reveal();
    settings_.add(key, database, text, Layer::file, place(path_, entry.value->position) + " (" + shown + ")");
  }

  void unknown(const DocumentEntry& entry, const std::string& name, const std::string& where_shown,
               Scope scope) {
    const std::string where = at(entry, is_plain_name(name) ? where_shown : "name not shown");
    for (const Deprecated& old : deprecated_settings()) {
      if (!old.name.empty() && old.name == name)
        return settings_.notice(where, "is deprecated and has no effect", std::string(old.remedy));
    }
    if (is_reserved(name)) return settings_.fault(where, "is reserved for a later release", "remove it");
    std::vector<std::string_view> candidates;
    for (const Key& key : keys()) {
      if (key.scope != scope) continue;
      candidates.push_back(key.name);
      const std::size_t dot = key.name.find('.');
      if (dot != std::string_view::npos) candidates.push_back(key.name.substr(0, dot));
    }
    if (scope == Scope::manager) candidates.insert(candidates.end(), {"defaults", "databases"});
    const std::string_view meant = nearest(name, candidates);
    settings_.fault(where, "is an unknown setting",
                    meant.empty() ? "remove it; docs/configuration.md lists all settings"
                                  : "did you mean " + std::string(meant) + "?");
  }

  static bool is_group(const std::string& name, Scope scope) {
    const std::string prefix = name + ".";
    const auto all = keys();
    return std::any_of(all.begin(), all.end(),
                       [&](const Key& key) { return key.scope == scope && key.name.starts_with(prefix); });
  }

  [[nodiscard]] std::string at(const DocumentEntry& entry, const std::string& shown) const {
    return place(path_, entry.position) + " (" + shown + ")";
  }
  static std::string shown_path(const std::string& name, const std::string& database) {
    if (database.empty()) return name.empty() ? "defaults" : "defaults." + name;
    return "databases." + database + (name.empty() ? "" : "." + name);
  }

  const std::string& path_;
  Settings& settings_;
  std::size_t visited_ = 0;
};

}  // namespace

std::string place(const std::string& path, Position position) {
  return path + ":" + std::to_string(position.line) + ":" + std::to_string(position.column);
}

void read_document(const DocumentNode& root, const std::string& path, Settings& settings) {
  DocumentReader(path, settings).root(root);
}

}  // namespace redstart::inline v0::detail
