// SPDX-License-Identifier: Apache-2.0
// key_texts.cpp: looks keys up, and words their ranges and faults.
#include "host.hpp"
#include "key_access.hpp"
#include "keys.hpp"

#include <redstart/config/redis_config.hpp>

#include <algorithm>

namespace redstart::inline v0::detail {

namespace {

constexpr long long no_least = std::numeric_limits<long long>::min();

std::string shown_bound(const Key& key, long long bound) {
  if (key.kind == Kind::duration) return show_duration(std::chrono::milliseconds(bound));
  if (key.kind == Kind::size) return show_size(static_cast<unsigned long long>(bound));
  return std::to_string(bound);
}

// The owner of a key with its defaults, for values that belong to no configuration yet.
struct Scratch {
  RedisConfig manager{};
  DatabaseConfig database{};

  void* owner(const Key& key) {
    return key.scope == Scope::manager ? static_cast<void*>(&manager) : static_cast<void*>(&database);
  }
};

}  // namespace

const Key* find_key(std::string_view name) noexcept {
  if (name.empty()) return nullptr;
  for (const Key& key : keys()) {
    if (key.name == name || key.alias == name) return &key;
  }
  return nullptr;
}

const Key& key_named(std::string_view name) noexcept { return *find_key(name); }

const Key* find_variable(std::string_view variable) noexcept {
  for (const Key& key : keys()) {
    const auto flat = flat_variables(key);
    if (std::find(flat.begin(), flat.end(), variable) != flat.end()) return &key;
  }
  return nullptr;
}

std::size_t index_of(const Key& key) noexcept { return static_cast<std::size_t>(&key - keys().data()); }

std::string nested_variable(std::string_view name, std::string_view database) {
  std::string out = "REDIS__";
  const auto add = [&out](std::string_view part) {
    for (const char c : upper_case(part)) {
      if (c == '.')
        out += "__";
      else
        out += (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '_';
    }
  };
  if (!database.empty()) {
    std::string flat(database);
    std::replace(flat.begin(), flat.end(), '.', '_');
    add(flat);
    out += "__";
  }
  add(name);
  return out;
}

std::vector<std::string_view> flat_variables(const Key& key) {
  std::vector<std::string_view> out;
  std::string_view rest = key.variables;
  while (!rest.empty()) {
    const std::size_t end = rest.find(' ');
    out.push_back(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return out;
}

std::string range_text(const Key& key) {
  const bool low = key.least != no_least;
  const bool high = key.most != unlimited;
  if (low && high && key.most >= 2'147'483'647) return shown_bound(key, key.least) + " or above";
  if (low && high) return shown_bound(key, key.least) + " to " + shown_bound(key, key.most);
  if (low) return shown_bound(key, key.least) + " or above";
  return {};
}

std::string accepted(const Key& key) {
  const std::string range = range_text(key);
  const std::string within = range.empty() ? std::string() : "; " + range;
  switch (key.kind) {
    case Kind::flag: return "true or false";
    case Kind::integer: return range.empty() ? "a whole number" : "a whole number, " + range;
    case Kind::real: return range.empty() ? "a number" : "a number, " + range;
    case Kind::size: return "a number of bytes such as 65536, 64KiB or 1MiB" + within;
    case Kind::duration: return "a duration such as 500ms, 5s or 2m (a bare number is seconds)" + within;
    case Kind::choice: {
      std::string out;
      for (const std::string_view choice : key.choices) {
        if (!out.empty()) out += &choice == &key.choices.back() ? " or " : ", ";
        out += choice;
      }
      return out;
    }
    case Kind::text:
    case Kind::path:
    case Kind::secret: break;
  }
  return key.kind == Kind::path ? "a path" : "a text";
}

ValueFault not_readable(const Key& key) {
  switch (key.kind) {
    case Kind::flag: return {"is neither true nor false", "use " + accepted(key)};
    case Kind::integer: return {"is not a whole number", "use " + accepted(key)};
    case Kind::real: return {"is not a number", "use " + accepted(key)};
    case Kind::size: return {"is not a number of bytes", "use " + accepted(key)};
    case Kind::duration: return {"is not a duration", "use " + accepted(key)};
    case Kind::choice: return {"has an unknown value", "use " + accepted(key)};
    case Kind::text:
    case Kind::path:
    case Kind::secret: break;
  }
  return {"has an invalid value", "use " + accepted(key)};
}

std::optional<ValueFault> fault_of_range(const Key& key, long long value) {
  if (value >= key.least && value <= key.most) return std::nullopt;
  return ValueFault{"is " + (value < 0 ? std::to_string(value) + (key.kind == Kind::duration ? "ms" : "")
                                       : shown_bound(key, value)),
                    "use " + accepted(key)};
}

std::optional<ValueFault> fault_of_real(const Key& key, double value) {
  const bool high = key.most != unlimited && !(value <= static_cast<double>(key.most));
  if (value >= static_cast<double>(key.least) && !high) return std::nullopt;
  return ValueFault{"is " + show_real(value), "use " + accepted(key)};
}

std::optional<ValueFault> fault_of_text(const Key& key, std::string_view text) {
  switch (key.rule) {
    case Rule::host:
      if (const auto wrong = fault_of_host(text))
        return ValueFault{std::string(wrong->what), std::string(wrong->remedy)};
      break;
    case Rule::visible:
      if (!is_visible(text))
        return ValueFault{"contains a space or a control character", "use visible ASCII characters only"};
      break;
    case Rule::no_control:
      if (!has_no_control(text))
        return ValueFault{"contains a control character", "remove it; often it is a line break at the end"};
      break;
    case Rule::any:
    case Rule::port: break;
  }
  return std::nullopt;
}

std::optional<ValueFault> fault_of_value(const Key& key, std::string_view text) {
  Scratch scratch;
  if (key.access.set != nullptr) return key.access.set(key, scratch.owner(key), text);
  if (key.kind == Kind::flag && !read_flag(text)) return not_readable(key);
  return fault_of_text(key, text);
}

bool same_value(const Key& key, std::string_view a, std::string_view b) {
  if (a == b) return true;
  if (key.access.set == nullptr) return key.kind == Kind::flag && read_flag(a) == read_flag(b);
  Scratch one;
  Scratch other;
  return !key.access.set(key, one.owner(key), a) && !key.access.set(key, other.owner(key), b) &&
         key.access.equal(one.owner(key), other.owner(key));
}

std::string default_text(const Key& key) {
  if (!key.unset.empty()) return std::string(key.unset);
  Scratch scratch;
  return key.access.show == nullptr ? std::string() : key.access.show(key, scratch.owner(key));
}

bool is_reserved(std::string_view name) noexcept {
  const std::string_view first = name.substr(0, name.find('.'));
  const auto names = reserved_names();
  return std::find(names.begin(), names.end(), first) != names.end();
}

}  // namespace redstart::inline v0::detail
