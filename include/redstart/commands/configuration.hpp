// SPDX-License-Identifier: Apache-2.0
// configuration.hpp: commands on the server's settings, modules and command list.
#pragma once

#include <redstart/commands/command.hpp>
#include <redstart/commands/option_text.hpp>
#include <redstart/core/ok.hpp>
#include <redstart/resp/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::inline v0 {

namespace info {

// clang-format off
inline constexpr CommandInfo configuration[] = {
    {.name = "COMMAND", .access = Access::admin, .retry = Retry::read,
     .spread = spread::any_server, .since = "2.8.13"},
    {.name = "COMMAND COUNT", .access = Access::admin, .retry = Retry::read,
     .spread = spread::any_server, .since = "2.8.13"},
    {.name = "COMMAND DOCS", .access = Access::admin, .retry = Retry::read,
     .spread = spread::any_server, .since = "7.0.0"},
    {.name = "COMMAND GETKEYS", .access = Access::admin, .retry = Retry::read,
     .spread = spread::any_server, .since = "2.8.13"},
    {.name = "COMMAND GETKEYSANDFLAGS", .access = Access::admin, .retry = Retry::read,
     .spread = spread::any_server, .since = "7.0.0"},
    {.name = "COMMAND INFO", .access = Access::admin, .retry = Retry::read,
     .spread = spread::any_server, .since = "2.8.13"},
    {.name = "COMMAND LIST", .access = Access::admin, .retry = Retry::read,
     .spread = spread::any_server, .since = "7.0.0"},
    {.name = "CONFIG GET", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "2.0.0"},
    {.name = "CONFIG RESETSTAT", .access = Access::admin, .retry = Retry::last_write_wins,
     .spread = spread::all_servers, .since = "2.0.0"},
    {.name = "CONFIG REWRITE", .access = Access::admin, .retry = Retry::last_write_wins,
     .spread = spread::all_servers, .since = "2.8.0"},
    {.name = "CONFIG SET", .access = Access::admin, .retry = Retry::last_write_wins,
     .spread = spread::all_servers, .since = "2.0.0"},
    {.name = "MODULE LIST", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "4.0.0"},
    {.name = "MODULE LOAD", .access = Access::admin, .retry = Retry::accumulating,
     .spread = spread::one_server, .since = "4.0.0"},
    {.name = "MODULE LOADEX", .access = Access::admin, .retry = Retry::accumulating,
     .spread = spread::one_server, .since = "7.0.0"},
    {.name = "MODULE UNLOAD", .access = Access::admin, .retry = Retry::accumulating,
     .spread = spread::one_server, .since = "4.0.0"},
};
// clang-format on

}  // namespace info

/// Filters of COMMAND LIST; set at most one.
struct CommandListOptions {
  OptionText module{};        ///< FILTERBY MODULE
  OptionText acl_category{};  ///< FILTERBY ACLCAT
  OptionText pattern{};       ///< FILTERBY PATTERN: a glob pattern

  template <class Put>
  void arguments(Put& put) const {
    if (!module.empty()) put("FILTERBY", "MODULE", module);
    if (!acl_category.empty()) put("FILTERBY", "ACLCAT", acl_category);
    if (!pattern.empty()) put("FILTERBY", "PATTERN", pattern);
  }
};

/// Settings and arguments for a module that MODULE LOADEX loads.
struct ModuleOptions {
  std::vector<std::pair<OptionText, OptionText>> settings{};  ///< CONFIG name value
  std::vector<OptionText> arguments_of_module{};              ///< ARGS

  template <class Put>
  void arguments(Put& put) const {
    for (const auto& setting : settings) put("CONFIG", setting);
    if (!arguments_of_module.empty()) put("ARGS", arguments_of_module);
  }
};

/// https://redis.io/commands/?group=server: CONFIG, COMMAND and MODULE.
template <class Self>
class ConfigurationCommands {
  using Texts = std::vector<std::string>;

 public:
  /// COMMAND. A description of each command.
  template <class T = Value>
  auto command_all() const -> reply_t<Self, T> {
    return detail::submit<T>(*this, info::find(info::configuration, "COMMAND"));
  }
  /// COMMAND COUNT. How many commands the server has.
  auto command_count() const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::configuration, "COMMAND COUNT"));
  }
  /// COMMAND DOCS. The documentation of those commands, or of all if none is named. Since Redis 7.0.
  template <class T = Value, StringLike... Names>
  auto command_docs(const Names&... names) const -> reply_t<Self, T> {
    return detail::submit<T>(*this, info::find(info::configuration, "COMMAND DOCS"), names...);
  }
  /// COMMAND GETKEYS. The keys among the arguments of a whole command.
  template <class Out = Texts, Scalar... Arguments>
  auto command_getkeys(std::string_view command, const Arguments&... arguments) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::configuration, "COMMAND GETKEYS"), command,
                               arguments...);
  }
  /// COMMAND GETKEYSANDFLAGS. Like `command_getkeys`, with the access flags of each key. Since Redis 7.0.
  template <class Out = std::vector<std::pair<std::string, Texts>>, Scalar... Arguments>
  auto command_getkeysandflags(std::string_view command, const Arguments&... arguments) const
      -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::configuration, "COMMAND GETKEYSANDFLAGS"), command,
                               arguments...);
  }
  /// COMMAND INFO. Descriptions of those commands, null for an unknown one.
  template <class T = Value, StringLike... Names>
  auto command_info(std::string_view name, const Names&... names) const -> reply_t<Self, T> {
    return detail::submit<T>(*this, info::find(info::configuration, "COMMAND INFO"), name, names...);
  }
  /// COMMAND LIST. The names of the commands. Since Redis 7.0.
  template <class Out = Texts>
  auto command_list(const CommandListOptions& options = {}) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::configuration, "COMMAND LIST"), options);
  }

  /// CONFIG GET. Names and values of the settings that match one of the glob patterns. Several since
  /// Redis 7.0.
  template <class Out = std::vector<std::pair<std::string, std::string>>, StringLike... Patterns>
  auto config_get(std::string_view pattern, const Patterns&... patterns) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::configuration, "CONFIG GET"), pattern, patterns...);
  }
  /// CONFIG RESETSTAT. OK; sets the counters of INFO to 0.
  auto config_resetstat() const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::configuration, "CONFIG RESETSTAT"));
  }
  /// CONFIG REWRITE. OK; writes the current settings to the configuration file.
  auto config_rewrite() const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::configuration, "CONFIG REWRITE"));
  }
  /// CONFIG SET. OK; takes name, value, name, value … Several pairs since Redis 7.0: all or none are set.
  template <Scalar V, Scalar... More>
  requires(sizeof...(More) % 2 == 0) auto config_set(std::string_view name, const V& value,
                                                     const More&... more) const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::configuration, "CONFIG SET"), name, value, more...);
  }

  /// MODULE LIST. The modules that are loaded.
  template <class T = Value>
  auto module_list() const -> reply_t<Self, T> {
    return detail::submit<T>(*this, info::find(info::configuration, "MODULE LIST"));
  }
  /// MODULE LOAD. OK; loads the module at that path on the server.
  template <StringLike... Arguments>
  auto module_load(std::string_view path, const Arguments&... arguments) const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::configuration, "MODULE LOAD"), path, arguments...);
  }
  /// MODULE LOADEX. Like `module_load`, with settings. Since Redis 7.0.
  auto module_loadex(std::string_view path, const ModuleOptions& options = {}) const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::configuration, "MODULE LOADEX"), path, options);
  }
  /// MODULE UNLOAD. OK; unloads the module.
  auto module_unload(std::string_view name) const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::configuration, "MODULE UNLOAD"), name);
  }
};

}  // namespace redstart::inline v0
