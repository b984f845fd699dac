// SPDX-License-Identifier: Apache-2.0
// command_info.hpp: the row of a command: all that is known before sending.
#pragma once

#include <redstart/commands/key_spec.hpp>
#include <redstart/commands/operation_id.hpp>
#include <redstart/commands/spread.hpp>
#include <redstart/commands/wire_name.hpp>
#include <redstart/core/server_reply.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace redstart::inline v0 {

/// The effect of a command on the data.
enum class Access : std::uint8_t {
  read,   ///< Changes nothing.
  write,  ///< May change keys.
  admin,  ///< Concerns the server or the connection.
};

/// The effect of running a command twice. Decides which commands may be retried after
/// `Effect::indeterminate`.
enum class Retry : std::uint8_t {
  read,             ///< None: always safe.
  last_write_wins,  ///< The same final state (SET, DEL, EXPIRE), but maybe over another client's write.
  accumulating,     ///< A different state (INCR, RPUSH): only if the call asks for it.
};

/// The state of a connection that a command changes. Anything but `none` needs a scoped handle.
enum class Session : std::uint8_t {
  none,
  database,      ///< SELECT
  identity,      ///< AUTH, HELLO, RESET, CLIENT SETNAME, CLIENT NO-EVICT
  transaction,   ///< WATCH, UNWATCH, MULTI, EXEC, DISCARD
  subscription,  ///< SUBSCRIBE and similar commands, MONITOR, CLIENT TRACKING
  reply_mode,    ///< CLIENT REPLY, SCRIPT DEBUG
  ending,        ///< QUIT, SHUTDOWN
  replication,   ///< SYNC, PSYNC, REPLCONF
  routing,       ///< READONLY, READWRITE, ASKING
};

/// One row of a command table. The tables in `info` are the only list of commands: mixins look up rows by
/// name while compiling, and tests and documentation enumerate them. Each table is sorted by name.
///
/// A row is written with designated initialisers. It states name, access, retry and since, and whatever else
/// differs from the default. A row without keys states its spread.
struct CommandInfo {
  std::string_view name{};  ///< Upper case; a subcommand follows after one blank: `CLIENT SETNAME`.
  Access access = Access::write;
  Retry retry = Retry::accumulating;  ///< Without options; some options change the category of a call.
  KeySpec keys{};                     ///< Where the keys are.
  Spread spread{};                    ///< How a cluster routes it and joins the replies.
  Session session = Session::none;    ///< The state of its connection that it changes.
  ReplyOf reply_of = ReplyOf::plain_command;  ///< Decides what an error reply proves.
  bool blocking = false;                      ///< The server may hold back the reply on purpose.
  /// The first version of Redis that has it; `info::absent` for a command of Valkey alone.
  std::string_view since{};
  /// The first version of Valkey that has it, if that differs. Empty: Valkey inherited it, so all versions of
  /// Valkey have it (the first is 7.2.5). `info::absent`: Valkey doesn't have it.
  std::string_view since_valkey{};
  bool has_row = true;  ///< False for a command that is in no table: its name is the caller's.
  /// Rows don't state these two: they are computed from `name`.
  WireName wire = WireName(name);
  OperationId operation = operation_id(name);
};

namespace info {

/// The version of a server that doesn't have a command.
inline constexpr std::string_view absent = "-";

/// The row of that name; a name without a row does not compile.
template <std::size_t N>
consteval const CommandInfo& find(const CommandInfo (&table)[N], std::string_view name) {
  std::size_t begin = 0;
  for (std::size_t end = N; begin < end;) {
    const std::size_t middle = begin + (end - begin) / 2;
    if (table[middle].name == name) return table[middle];
    if (table[middle].name < name) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  throw "no such command in this table, or the table is not sorted";
}

}  // namespace info
}  // namespace redstart::inline v0
