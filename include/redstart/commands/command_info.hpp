// SPDX-License-Identifier: Apache-2.0
// command_info.hpp: what is known of a command before it is sent: access, retry category, keys, session
// state.
#pragma once

#include <redstart/commands/key_spec.hpp>
#include <redstart/commands/spread.hpp>
#include <redstart/core/server_reply.hpp>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>

namespace redstart::inline v0 {

/// What a command does to the data.
enum class Access : std::uint8_t {
  read,   ///< Changes nothing.
  write,  ///< May change keys.
  admin,  ///< Concerns the server or the connection.
};

/// What happens when a command runs twice; decides what may be retried after `Effect::indeterminate`.
enum class Retry : std::uint8_t {
  read,             ///< Nothing: always safe.
  last_write_wins,  ///< The same final state (SET, DEL, EXPIRE), but maybe over someone else's write.
  accumulating,     ///< A different state (INCR, RPUSH): only if the call asks for it.
};

/// The state of a connection that a command changes. Anything but `none` needs a scoped handle.
enum class Session : std::uint8_t {
  none,
  database,      ///< SELECT
  identity,      ///< AUTH, HELLO, RESET, CLIENT SETNAME, CLIENT NO-EVICT
  transaction,   ///< WATCH, MULTI and what belongs to them
  subscription,  ///< SUBSCRIBE and its kin, MONITOR, tracking
  reply_mode,    ///< CLIENT REPLY, SCRIPT DEBUG
  ending,        ///< QUIT, SHUTDOWN
  replication,   ///< SYNC, PSYNC, REPLCONF
  routing,       ///< READONLY, READWRITE, ASKING
};

/// One row of a command table. The tables in `info` are the only list of commands there is: the mixins
/// look rows up by name while compiling, tests and documentation enumerate them. Each table is sorted by
/// name.
struct CommandInfo {
  std::string_view name;  ///< Upper case; subcommands after one blank: `CLIENT SETNAME`.
  Access access = Access::read;
  Retry retry = Retry::read;  ///< Without knowing the options, which refine it.
  std::int8_t first_key = 0;  ///< Index of the first key among the arguments, 1 is the first; 0: none.
  bool blocking = false;      ///< May wait in the server for longer than it works.
  Session session = Session::none;
  std::string_view since = "1.0.0";
  bool has_row = true;  ///< False for a command that is in no table: its name is the caller's.
  bool opaque = false;  ///< Calls other commands, or may: its errors don't prove that nothing was executed.

  KeySpec keys{};
  Spread spread{};

  // The name as it goes over the wire, computed while compiling.
  char header[64] = {};
  std::uint8_t header_size = 0;
  std::uint8_t words = 0;  ///< How many arguments the name itself takes.

  constexpr CommandInfo(std::string_view command, Access what, Retry category, std::int8_t key,
                        std::string_view version = "1.0.0", bool waits = false, Session state = Session::none)
      : name(command),
        access(what),
        retry(category),
        first_key(key),
        blocking(waits),
        session(state),
        since(version) {
    opaque = name.starts_with("EVAL") || name.starts_with("FCALL") || name == "EXEC";
    std::string_view rest = command;
    while (!rest.empty()) {
      const std::size_t end = rest.find(' ');
      append_word(rest.substr(0, end));
      rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    }
  }

  [[nodiscard]] constexpr std::string_view wire_name() const noexcept { return {header, header_size}; }
  /// What is known of the command, without its name: for one whose words come as arguments.
  [[nodiscard]] constexpr CommandInfo without_words() const noexcept {
    CommandInfo copy = *this;
    copy.header_size = 0;
    copy.words = 0;
    return copy;
  }
  /// What an error reply to this command speaks for.
  [[nodiscard]] constexpr ReplyOf reply_of() const noexcept {
    return opaque ? ReplyOf::script : ReplyOf::plain_command;
  }

 private:
  constexpr void append(char c) {
    if (header_size == sizeof header) throw std::length_error("command name too long");
    header[header_size++] = c;
  }
  constexpr void append_word(std::string_view word) {
    append('$');
    if (word.size() >= 10) append(static_cast<char>('0' + word.size() / 10));
    append(static_cast<char>('0' + word.size() % 10));
    append('\r');
    append('\n');
    for (const char c : word) append(c);
    append('\r');
    append('\n');
    ++words;
  }
};

namespace info {

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
