// SPDX-License-Identifier: Apache-2.0
// document.hpp: the tree of a configuration file, and the settings in it.
#pragma once

#include <redstart/core/secret.hpp>

#include "settings.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0::detail {

/// A position in a file; both count from 1.
struct Position {
  std::size_t line = 1;
  std::size_t column = 1;
};

struct DocumentNode;

/// One key of a mapping and its value.
struct DocumentEntry {
  std::string name{};
  Position position{};
  std::shared_ptr<const DocumentNode> value{};
};

/// A value of a file. Aliases share the node of their anchor.
struct DocumentNode {
  enum class Type : std::uint8_t { null, scalar, list, mapping };

  Type type = Type::null;
  Position position{};
  Secret text{};                                             ///< Of a scalar.
  std::vector<DocumentEntry> entries{};                      ///< Of a mapping.
  std::vector<std::shared_ptr<const DocumentNode>> items{};  ///< Of a list.
};

/// Limits of a file.
inline constexpr std::size_t longest_file = std::size_t{1} << 20;  ///< Bytes.
inline constexpr std::size_t deepest_nesting = 16;                 ///< Lists and mappings in each other.
inline constexpr std::size_t most_nodes = 10'000;                  ///< Values, each use of an alias counted.

/// The tree of a YAML or JSON text; null after a fault. `path` names the file in faults.
[[nodiscard]] std::shared_ptr<const DocumentNode> parse_document(const std::string& text,
                                                                 const std::string& path, Settings& settings);

/// Adds the settings of a file's tree.
void read_document(const DocumentNode& root, const std::string& path, Settings& settings);

/// `path:line:column`.
[[nodiscard]] std::string place(const std::string& path, Position position);

}  // namespace redstart::inline v0::detail
