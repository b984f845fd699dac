// SPDX-License-Identifier: Apache-2.0
// keys.hpp: the table of all settings that text can express.
#pragma once

#include "value.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0::detail {

/// The object that a key belongs to.
enum class Scope : std::uint8_t {
  manager,   ///< The manager: set once.
  database,  ///< A database: set for all of them, or for one.
};

/// How the text of a value is read.
enum class Kind : std::uint8_t { text, path, secret, flag, integer, size, real, duration, choice };

/// Which texts are accepted.
enum class Rule : std::uint8_t {
  any,
  no_control,  ///< No control characters.
  visible,     ///< Visible ASCII characters only.
  host,        ///< The host of an endpoint.
  port,        ///< A port; orchestrators set such variables to `tcp://…`, which is ignored.
};

struct Key;

/// Functions for the field of a key; null if the loader alone uses the key. `owner` is a `DatabaseConfig` or
/// a `RedisConfig`, as the scope says.
struct Access {
  /// Reads `text` into the field. Returns the fault, with which the field keeps its value.
  std::optional<ValueFault> (*set)(const Key&, void* owner, std::string_view text) = nullptr;
  /// The fault of the field's value, if it is out of its range.
  std::optional<ValueFault> (*check)(const Key&, const void* owner) = nullptr;
  /// The value as text; empty if it is not set. Secrets: `(secret)`.
  std::string (*show)(const Key&, const void* owner) = nullptr;
  bool (*equal)(const void* owner, const void* other) = nullptr;
  void (*copy)(void* to, const void* from) = nullptr;
};

inline constexpr long long unlimited = std::numeric_limits<long long>::max();

/// One setting. The loader, validation, `explain()`, `.env.example`, the JSON Schema and
/// docs/configuration.md are made from these.
struct Key {
  std::string_view name{};  ///< As in a file, with dots: `timeouts.connect`.
  Scope scope = Scope::database;
  Kind kind = Kind::text;
  std::string_view help{};        ///< One sentence.
  std::string_view field{};       ///< Of the struct, if it differs from the name.
  std::string_view alias{};       ///< Another name.
  std::string_view variables{};   ///< Flat environment variables beside the nested one, with blanks between.
  std::string_view url_option{};  ///< Option of a URL.
  long long least = std::numeric_limits<long long>::min();  ///< Durations in ms, sizes in bytes.
  long long most = unlimited;
  Rule rule = Rule::any;
  std::string_view unset{};    ///< Describes the default of an optional or empty field.
  bool reloadable = true;      ///< `reload()` changes it, for new connections and calls.
  bool cross_checked = false;  ///< `validate()` checks the field together with others.
  std::span<const std::string_view> choices{};
  Access access{};

  [[nodiscard]] bool secret() const noexcept { return kind == Kind::secret; }
  [[nodiscard]] std::string_view field_name() const noexcept { return field.empty() ? name : field; }
};

/// Every key, in the order of the documents.
[[nodiscard]] std::span<const Key> keys() noexcept;

/// The key with this name or alias; null if there is none.
[[nodiscard]] const Key* find_key(std::string_view name) noexcept;
/// The key with this name, which exists.
[[nodiscard]] const Key& key_named(std::string_view name) noexcept;
/// The key that a flat environment variable sets; null if there is none.
[[nodiscard]] const Key* find_variable(std::string_view variable) noexcept;
/// Position of a key in `keys()`.
[[nodiscard]] std::size_t index_of(const Key& key) noexcept;

/// The nested environment variable of a name: `REDIS__TIMEOUTS__CONNECT`, with a database
/// `REDIS__CACHE__TIMEOUTS__CONNECT`.
[[nodiscard]] std::string nested_variable(std::string_view name, std::string_view database = {});
/// The flat variables of a key.
[[nodiscard]] std::vector<std::string_view> flat_variables(const Key& key);

/// The fault of `text` as a value of `key`, also for keys without a field.
[[nodiscard]] std::optional<ValueFault> fault_of_value(const Key& key, std::string_view text);
/// True if both texts mean the same value of `key`.
[[nodiscard]] bool same_value(const Key& key, std::string_view a, std::string_view b);
/// The accepted values: `1 to 10000`, `full or insecure`, `a duration such as 500ms, 5s or 2m; …`.
[[nodiscard]] std::string accepted(const Key& key);
/// The range alone: `1 to 65535`, `0s or above`; empty if there is none.
[[nodiscard]] std::string range_text(const Key& key);
/// The default as text, for documents: `5s`, or what an unset field means.
[[nodiscard]] std::string default_text(const Key& key);

/// Names that later releases will use: topologies, key prefix. Setting one is a fault. `name` may have dots.
[[nodiscard]] bool is_reserved(std::string_view name) noexcept;
/// The reserved names and groups.
[[nodiscard]] std::span<const std::string_view> reserved_names() noexcept;

/// A setting that has no effect any more, and what to do instead.
struct Deprecated {
  std::string_view variable{};  ///< Environment variable.
  std::string_view name{};      ///< In a file; empty: none.
  std::string_view remedy{};
};
[[nodiscard]] std::span<const Deprecated> deprecated_settings() noexcept;

}  // namespace redstart::inline v0::detail
