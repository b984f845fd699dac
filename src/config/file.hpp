// SPDX-License-Identifier: Apache-2.0
// file.hpp: reads configuration files and files with secrets.
#pragma once

#include <redstart/core/secret.hpp>

#include "settings.hpp"
#include "value.hpp"

#include <sys/types.h>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0::detail {

/// The content of a file, or the fault of reading it.
struct FileContent {
  std::string text{};
  std::optional<ValueFault> fault{};
  bool exists = true;
  uid_t owner = 0;  ///< Of the file itself: links are followed.
  mode_t mode = 0;
};

/// Reads a regular file of at most `limit` bytes. Follows links, and never waits, as it would for a pipe.
[[nodiscard]] FileContent read_file(const std::string& path, std::size_t limit);

/// The fault of a file that holds a secret: it must belong to root or to `user`, and nobody else may write
/// it.
[[nodiscard]] std::optional<ValueFault> fault_of_owner(uid_t owner, mode_t mode, uid_t user);

/// Checks owner and rights of a file that holds a secret. `where` names the file in faults and notices.
void check_secret_file(const FileContent& file, const std::string& where, Settings& settings);

/// The secret in a file, without the line break at its end; empty after a fault. `where` names the setting.
[[nodiscard]] std::optional<Secret> read_secret_file(const std::string& path, const std::string& where,
                                                     Settings& settings);

/// Adds the settings of a configuration file. Faults name `path`, or `where` if it does not exist.
void read_configuration_file(const std::string& path, const std::string& where, Settings& settings);

/// The folders in which a configuration file is searched, the first one that has a file first: the working
/// directory, and the usual places of containers and hosts.
[[nodiscard]] std::vector<std::string> usual_folders();

/// Adds the settings of the first `redis-databases.yaml`, `.yml` or `.json` in these folders, if there is
/// one. Two of them in one folder are a fault.
void search_configuration_file(const std::vector<std::string>& folders, Settings& settings);

/// True if the text is UTF-8.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

}  // namespace redstart::inline v0::detail
