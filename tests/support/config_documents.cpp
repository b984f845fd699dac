// SPDX-License-Identifier: Apache-2.0
// config_documents.cpp: writes tables, example and schema from the table of settings.
#include "config_documents.hpp"

#include "config/keys.hpp"

#include <redstart/config/redis_database.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::test {

namespace {

using detail::Key;
using detail::Kind;
using detail::Scope;

std::string in_code(std::string_view text) { return "`" + std::string(text) + "`"; }

// `a`, `b` or `c`
std::string choices_of(const Key& key) {
  std::string out;
  for (const std::string_view choice : key.choices) out += (out.empty() ? "" : ", ") + in_code(choice);
  return out;
}

std::string values_of(const Key& key) {
  const std::string range = detail::range_text(key);
  switch (key.kind) {
    case Kind::text: return "text";
    case Kind::path: return "path";
    case Kind::secret: return "secret";
    case Kind::flag: return "`true`, `false`";
    case Kind::choice: return choices_of(key);
    case Kind::integer: return range.empty() ? "number" : range;
    case Kind::real: return range.empty() ? "decimal" : "decimal, " + range;
    case Kind::size: return range.empty() ? "size" : "size, " + range;
    case Kind::duration: return range.empty() ? "duration" : "duration, " + range;
  }
  return {};
}

std::string default_of(const Key& key) {
  const std::string text = detail::default_text(key);
  return key.unset.empty() && !text.empty() ? in_code(text) : text;
}

void row(std::string& out, const Key& key) {
  std::string name = in_code(key.name);
  if (!key.alias.empty()) name += " or " + in_code(key.alias);
  std::string flat;
  for (const std::string_view variable : detail::flat_variables(key))
    flat += (flat.empty() ? "" : ", ") + in_code(variable);
  if (!key.url_option.empty())
    flat += (flat.empty() ? "" : ", ") + std::string("URL ") + in_code(key.url_option);
  out += "| " + name + " | " + values_of(key) + " | " + default_of(key) + " | " + flat + " | " +
         std::string(key.help) + (key.reloadable ? "" : " ¹") + " |\n";
}

// Lines of an example: `# help`, then the variable, commented out.
void example(std::string& out, std::string_view variable, std::string_view value, std::string_view help) {
  out += "# " + std::string(help) + "\n#" + std::string(variable) + "=" + std::string(value) + "\n";
}

std::string example_value(const Key& key) {
  if (!key.unset.empty()) {
    switch (key.kind) {
      case Kind::flag: return "true";
      case Kind::integer: return "0";
      case Kind::duration: return "5s";
      case Kind::path: return "/path/to/file";
      case Kind::secret: return "<secret>";
      case Kind::text:
      case Kind::size:
      case Kind::real:
      case Kind::choice: return "<text>";
    }
  }
  return detail::default_text(key);
}

nlohmann::ordered_json schema_of(const Key& key) {
  using nlohmann::ordered_json;
  ordered_json out;
  ordered_json any_of = ordered_json::array();
  switch (key.kind) {
    case Kind::text:
    case Kind::path:
    case Kind::secret: out["type"] = {"string", "number", "null"}; break;
    case Kind::flag: {
      ordered_json words;
      words["enum"] = {"true", "false", "yes", "no", "on", "off", "1", "0", 0, 1};
      any_of.push_back({{"type", {"boolean", "null"}}});
      any_of.push_back(words);
      break;
    }
    case Kind::choice: {
      ordered_json values = ordered_json::array();
      for (const std::string_view choice : key.choices) {
        values.push_back(choice);
        if (choice == "1.2") values.push_back(1.2);
        if (choice == "1.3") values.push_back(1.3);
        if (choice == "off") values.push_back(false);  // as YAML 1.1 reads it
      }
      values.push_back(nullptr);
      out["enum"] = values;
      break;
    }
    case Kind::integer:
    case Kind::real: {
      ordered_json number = {{"type", key.kind == Kind::real ? "number" : "integer"}};
      if (key.least > -detail::unlimited) number["minimum"] = key.least;
      if (key.most != detail::unlimited) number["maximum"] = key.most;
      any_of.push_back(number);
      any_of.push_back(
          {{"type", "string"}, {"pattern", key.kind == Kind::real ? "^[0-9.eE+-]+$" : "^[+-]?[0-9]+$"}});
      break;
    }
    case Kind::size:
      any_of.push_back({{"type", "integer"}, {"minimum", key.least}});
      any_of.push_back({{"type", "string"}, {"pattern", "^[0-9]+(\\.[0-9]+)? ?([bB]|[kKmMgG][iI][bB])?$"}});
      break;
    case Kind::duration:
      any_of.push_back({{"type", "number"}, {"minimum", 0}});
      any_of.push_back(
          {{"type", "string"}, {"pattern", "^[0-9]+(\\.[0-9]+)? ?(ms|s|m|min|h|d|MS|S|M|MIN|H|D)?$"}});
      break;
  }
  if (!any_of.empty()) {
    if (key.kind != Kind::flag) any_of.push_back({{"type", "null"}});
    out["anyOf"] = any_of;
  }
  std::string description(key.help);
  const std::string range = detail::range_text(key);
  if (!range.empty()) description += " Range: " + range + ".";
  description +=
      " Default: " + (detail::default_text(key).empty() ? "empty" : detail::default_text(key)) + ".";
  out["description"] = description;
  if (key.secret()) out["writeOnly"] = true;
  return out;
}

nlohmann::ordered_json empty_mapping() {
  nlohmann::ordered_json out;
  out["type"] = {"object", "null"};
  out["additionalProperties"] = false;
  out["properties"] = nlohmann::ordered_json::object();
  return out;
}

// Adds a key to the properties of a mapping: nested, and with dots.
void add_property(nlohmann::ordered_json& mapping, const Key& key, std::string_view name) {
  nlohmann::ordered_json* at = &mapping;
  std::string_view rest = name;
  for (std::size_t dot = rest.find('.'); dot != std::string_view::npos; dot = rest.find('.')) {
    nlohmann::ordered_json& group = (*at)["properties"][std::string(rest.substr(0, dot))];
    if (!group.contains("anyOf")) {
      group["anyOf"] = nlohmann::ordered_json::array();
      group["anyOf"].push_back(empty_mapping());
    }
    at = &group["anyOf"][0];
    rest = rest.substr(dot + 1);
  }
  (*at)["properties"][std::string(rest)] = schema_of(key);
}

nlohmann::ordered_json mapping_of(Scope scope) {
  nlohmann::ordered_json out = empty_mapping();
  for (const Key& key : detail::keys()) {
    if (key.scope == scope) add_property(out, key, key.name);
  }
  for (const Key& key : detail::keys()) {
    if (key.scope != scope) continue;
    if (key.name.find('.') != std::string_view::npos)
      out["properties"][std::string(key.name)] = schema_of(key);
    if (key.alias.empty()) continue;
    // `tls: true` beside the group `tls`.
    nlohmann::ordered_json& known = out["properties"][std::string(key.alias)];
    if (known.contains("anyOf"))
      known["anyOf"].push_back(schema_of(key));
    else
      known = schema_of(key);
  }
  return out;
}

}  // namespace

std::string configuration_tables() {
  std::string out;
  for (const Scope scope : {Scope::manager, Scope::database}) {
    out += scope == Scope::manager ? "### Settings of the manager, by key\n\n"
                                   : "\n### Settings of a database, by key\n\n";
    out += "| key | values | default | flat variables, URL option | meaning |\n|---|---|---|---|---|\n";
    for (const Key& key : detail::keys()) {
      if (key.scope == scope) row(out, key);
    }
  }
  out += "\n¹ A change needs a restart.\n\nReserved for later releases, and refused until then:";
  for (const std::string_view name : detail::reserved_names())
    out += (name == detail::reserved_names().front() ? " " : ", ") + in_code(name);
  out += ".\n\nDeprecated settings are accepted with a notice, and have no effect:\n\n";
  for (const detail::Deprecated& old : detail::deprecated_settings())
    out += "* " + in_code(old.variable) + (old.name.empty() ? "" : " or " + in_code(old.name)) + ": " +
           std::string(old.remedy) + "\n";
  return out;
}

std::string environment_example() {
  std::string out =
      "# Environment variables of Redstart. Copy what you need to .env; docs/configuration.md has every "
      "setting.\n"
      "# Generated from the table of settings. An empty variable is not set. Bare durations are seconds.\n\n"
      "# --- Development: these are the defaults ---\n"
      "ENVIRONMENT=development\n"
      "REDIS_HOST=localhost\n"
      "REDIS_PORT=6379\n\n"
      "# --- Staging: one URL instead of its parts ---\n"
      "#ENVIRONMENT=staging\n"
      "#REDIS_URL=redis://app:<password>@redis.staging.internal:6379/0\n\n"
      "# --- Production: an explicit host and a real credential are demanded ---\n"
      "#ENVIRONMENT=production\n"
      "#REDIS_URL=rediss://redis.internal:6379\n"
      "#REDIS_USERNAME=app\n"
      "#REDIS_PASSWORD_FILE=/run/secrets/redis-password\n\n"
      "# --- Sessions: a server and limits of their own ---\n"
      "#REDIS__SESSIONS__HOST=redis-sessions.internal\n"
      "#REDIS__SESSIONS__REQUIRED=true\n"
      "#REDIS__SESSIONS__TIMEOUTS__COMMAND=500ms\n"
      "#REDIS__SESSIONS__IMPACT=Users have to log in again.\n\n"
      "# --- Numbers of the databases ---\n";
  for (const std::string_view name : database_names) {
    if (name == "main") continue;
    std::string variable = detail::nested_variable(name == "sessions" ? "session" : name) + "_DB";
    out += "#" + variable + "=" + std::to_string(*default_number(name)) + "\n";
  }
  out +=
      "#REDIS__DATABASES=search,geo\n\n# --- File with settings "
      "---\n#REDIS_CONFIG_FILE=/etc/redstart/redis-databases.yaml\n";
  out += "\n# --- Every setting. For one database, put its name in: REDIS__CACHE__HOST ---\n";
  for (const Key& key : detail::keys()) {
    const auto flat = detail::flat_variables(key);
    std::vector<std::string> names(flat.begin(), flat.end());
    if (names.empty()) names.push_back(detail::nested_variable(key.name));
    example(out, names.front(), example_value(key), key.help);
  }
  out += "\n# --- Deprecated: accepted with a notice, without effect ---\n";
  for (const detail::Deprecated& old : detail::deprecated_settings())
    example(out, old.variable, "", std::string(old.remedy));
  return out;
}

std::string json_schema() {
  using nlohmann::ordered_json;
  ordered_json schema;
  schema["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  schema["title"] = "redis-databases";
  schema["description"] = "Configuration file of Redstart, as YAML or JSON.";
  schema.update(mapping_of(Scope::manager));
  schema["type"] = "object";
  ordered_json& defaults = schema["properties"]["defaults"];
  defaults["$ref"] = "#/$defs/database";
  defaults["description"] = "Settings of all databases.";
  ordered_json& databases = schema["properties"]["databases"];
  databases["type"] = {"object", "null"};
  databases["description"] = "Settings of single databases, by name.";
  databases["propertyNames"]["pattern"] = "^[!-~]+$";
  databases["additionalProperties"]["$ref"] = "#/$defs/database";
  schema["$defs"]["database"] = mapping_of(Scope::database);
  return schema.dump(2) + "\n";
}

}  // namespace redstart::test
