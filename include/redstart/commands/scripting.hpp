// SPDX-License-Identifier: Apache-2.0
// scripting.hpp: Lua scripts and functions in the server.
#pragma once

#include <redstart/commands/command.hpp>
#include <redstart/commands/scripting_options.hpp>
#include <redstart/commands/server_options.hpp>
#include <redstart/core/ok.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0 {

class Value;

namespace info {

// clang-format off
inline constexpr CommandInfo scripting[] = {
    {.name = "EVAL", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::counted(2), .reply_of = ReplyOf::script, .since = "2.6.0"},
    {.name = "EVALSHA", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::counted(2), .reply_of = ReplyOf::script, .since = "2.6.0"},
    {.name = "EVALSHA_RO", .access = Access::read, .retry = Retry::read,
     .keys = keys::counted(2), .reply_of = ReplyOf::script, .since = "7.0.0"},
    {.name = "EVAL_RO", .access = Access::read, .retry = Retry::read,
     .keys = keys::counted(2), .reply_of = ReplyOf::script, .since = "7.0.0"},
    {.name = "FCALL", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::counted(2), .reply_of = ReplyOf::script, .since = "7.0.0"},
    {.name = "FCALL_RO", .access = Access::read, .retry = Retry::read,
     .keys = keys::counted(2), .reply_of = ReplyOf::script, .since = "7.0.0"},
    {.name = "FUNCTION DELETE", .access = Access::write, .retry = Retry::last_write_wins,
     .spread = spread::all_primaries, .since = "7.0.0"},
    {.name = "FUNCTION DUMP", .access = Access::admin, .retry = Retry::read,
     .spread = spread::any_server, .since = "7.0.0"},
    {.name = "FUNCTION FLUSH", .access = Access::write, .retry = Retry::last_write_wins,
     .spread = spread::all_primaries, .since = "7.0.0"},
    {.name = "FUNCTION KILL", .access = Access::admin, .retry = Retry::last_write_wins,
     .spread = {Target::primaries, Join::one_succeeds}, .since = "7.0.0"},
    {.name = "FUNCTION LIST", .access = Access::admin, .retry = Retry::read,
     .spread = spread::any_server, .since = "7.0.0"},
    {.name = "FUNCTION LOAD", .access = Access::write, .retry = Retry::accumulating,
     .spread = spread::all_primaries, .since = "7.0.0"},
    {.name = "FUNCTION RESTORE", .access = Access::write, .retry = Retry::accumulating,
     .spread = spread::all_primaries, .since = "7.0.0"},
    {.name = "FUNCTION STATS", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "7.0.0"},
    {.name = "SCRIPT EXISTS", .access = Access::admin, .retry = Retry::read,
     .spread = {Target::primaries, Join::all_true}, .since = "2.6.0"},
    {.name = "SCRIPT FLUSH", .access = Access::admin, .retry = Retry::last_write_wins,
     .spread = spread::all_servers, .since = "2.6.0"},
    {.name = "SCRIPT KILL", .access = Access::admin, .retry = Retry::last_write_wins,
     .spread = {Target::primaries, Join::one_succeeds}, .since = "2.6.0"},
    {.name = "SCRIPT LOAD", .access = Access::admin, .retry = Retry::last_write_wins,
     .spread = spread::all_servers, .since = "2.6.0"},
};
// clang-format on

}  // namespace info

/// https://redis.io/commands/?group=scripting
///
/// `R` is the type of the reply: a `Value` (`redstart/resp/value.hpp`) unless named. All keys that a script
/// uses belong into `keys`; the other arguments are its `ARGV`:
///
///     db.eval<std::int64_t>("return redis.call('INCRBY', KEYS[1], ARGV[1])", {"counter"}, 5);
///
/// A script may write, so it is not repeated if its effect is unknown. The forms with `_ro` are, since they
/// only read.
template <class Self>
class ScriptingCommands {
 public:
  /// EVAL. Runs a Lua script.
  template <class R = Value, ManyArguments Keys = detail::Texts, Argument... A>
  auto eval(std::string_view script, const Keys& keys = {}, const A&... arguments) const -> reply_t<Self, R> {
    return detail::submit<R>(*this, info::find(info::scripting, "EVAL"), script, detail::ScriptKeys{keys},
                             arguments...);
  }
  /// EVAL_RO. Runs a Lua script that does not write. Since Redis 7.0.
  template <class R = Value, ManyArguments Keys = detail::Texts, Argument... A>
  auto eval_ro(std::string_view script, const Keys& keys = {}, const A&... arguments) const
      -> reply_t<Self, R> {
    return detail::submit<R>(*this, info::find(info::scripting, "EVAL_RO"), script, detail::ScriptKeys{keys},
                             arguments...);
  }
  /// EVALSHA. Runs the script with this digest. The server replies with NOSCRIPT if it does not know it.
  template <class R = Value, ManyArguments Keys = detail::Texts, Argument... A>
  auto evalsha(std::string_view digest, const Keys& keys = {}, const A&... arguments) const
      -> reply_t<Self, R> {
    return detail::submit<R>(*this, info::find(info::scripting, "EVALSHA"), digest, detail::ScriptKeys{keys},
                             arguments...);
  }
  /// EVALSHA_RO. Runs the script with this digest, which does not write. Since Redis 7.0.
  template <class R = Value, ManyArguments Keys = detail::Texts, Argument... A>
  auto evalsha_ro(std::string_view digest, const Keys& keys = {}, const A&... arguments) const
      -> reply_t<Self, R> {
    return detail::submit<R>(*this, info::find(info::scripting, "EVALSHA_RO"), digest,
                             detail::ScriptKeys{keys}, arguments...);
  }

  /// SCRIPT EXISTS. For each digest, whether the server knows the script.
  template <StringLike... Digests>
  auto script_exists(std::string_view digest, const Digests&... digests) const
      -> reply_t<Self, std::vector<bool>> {
    return detail::submit<std::vector<bool>>(*this, info::find(info::scripting, "SCRIPT EXISTS"), digest,
                                             digests...);
  }
  /// SCRIPT EXISTS over a container of digests. Errors: `invalid_argument` for an empty one.
  template <ManyArguments Range = detail::Texts>
  auto script_exists(const Range& digests) const -> reply_t<Self, std::vector<bool>> {
    return detail::submit<std::vector<bool>>(*this, info::find(info::scripting, "SCRIPT EXISTS"),
                                             detail::EachElement{digests});
  }
  /// SCRIPT FLUSH. OK; the server forgets all scripts. A choice of `how` since Redis 6.2.
  auto script_flush(Flush how = Flush::configured) const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::scripting, "SCRIPT FLUSH"), detail::keyword_of(how));
  }
  /// SCRIPT KILL. OK; ends the script that runs. The server refuses with NOTBUSY if none runs, and with
  /// UNKILLABLE if it has written.
  auto script_kill() const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::scripting, "SCRIPT KILL"));
  }
  /// SCRIPT LOAD. Makes the server know a script. Its digest, for `evalsha`.
  auto script_load(std::string_view script) const -> reply_t<Self, std::string> {
    return detail::submit<std::string>(*this, info::find(info::scripting, "SCRIPT LOAD"), script);
  }

  /// FCALL. Calls a function. Since Redis 7.0.
  template <class R = Value, ManyArguments Keys = detail::Texts, Argument... A>
  auto fcall(std::string_view function, const Keys& keys = {}, const A&... arguments) const
      -> reply_t<Self, R> {
    return detail::submit<R>(*this, info::find(info::scripting, "FCALL"), function, detail::ScriptKeys{keys},
                             arguments...);
  }
  /// FCALL_RO. Calls a function with the flag `no-writes`. Since Redis 7.0.
  template <class R = Value, ManyArguments Keys = detail::Texts, Argument... A>
  auto fcall_ro(std::string_view function, const Keys& keys = {}, const A&... arguments) const
      -> reply_t<Self, R> {
    return detail::submit<R>(*this, info::find(info::scripting, "FCALL_RO"), function,
                             detail::ScriptKeys{keys}, arguments...);
  }

  /// FUNCTION DELETE. OK; deletes a library. Since Redis 7.0.
  auto function_delete(std::string_view library) const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::scripting, "FUNCTION DELETE"), library);
  }
  /// FUNCTION DUMP. All libraries, serialized for `function_restore`. Since Redis 7.0.
  auto function_dump() const -> reply_t<Self, std::string> {
    return detail::submit<std::string>(*this, info::find(info::scripting, "FUNCTION DUMP"));
  }
  /// FUNCTION FLUSH. OK; deletes all libraries. Since Redis 7.0.
  auto function_flush(Flush how = Flush::configured) const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::scripting, "FUNCTION FLUSH"), detail::keyword_of(how));
  }
  /// FUNCTION KILL. OK; ends the function that runs. Since Redis 7.0.
  auto function_kill() const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::scripting, "FUNCTION KILL"));
  }
  /// FUNCTION LIST. Since Redis 7.0.
  template <class Out = std::vector<FunctionLibrary>>
  auto function_list(const FunctionListOptions& options = {}) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::scripting, "FUNCTION LIST"), options);
  }
  /// FUNCTION LOAD. Loads a library. Its name. The server refuses a library that exists. Since Redis 7.0.
  auto function_load(std::string_view code) const -> reply_t<Self, std::string> {
    return detail::submit<std::string>(*this, info::find(info::scripting, "FUNCTION LOAD"), code);
  }
  /// FUNCTION LOAD REPLACE. Also replaces a library of the same name; a second run leaves the same state.
  auto function_load_replace(std::string_view code) const -> reply_t<Self, std::string> {
    return detail::submit<std::string>(*this, info::find(info::scripting, "FUNCTION LOAD"),
                                       detail::RetryAs{Retry::last_write_wins}, std::string_view("REPLACE"),
                                       code);
  }
  /// FUNCTION RESTORE. OK; loads the libraries that `function_dump` returned. Since Redis 7.0.
  auto function_restore(std::string_view serialized, RestoreFunctions how = RestoreFunctions::append) const
      -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::scripting, "FUNCTION RESTORE"), serialized,
                              detail::word_of(how));
  }
  /// FUNCTION STATS. The function that runs, if any, and the engines. Since Redis 7.0.
  template <class R = Value>
  auto function_stats() const -> reply_t<Self, R> {
    return detail::submit<R>(*this, info::find(info::scripting, "FUNCTION STATS"));
  }
};

}  // namespace redstart::inline v0
