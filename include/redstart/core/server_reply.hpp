// SPDX-License-Identifier: Apache-2.0
// server_reply.hpp: what an error reply of the server proves about its command, and what helps.
#pragma once

#include <redstart/core/errc.hpp>

#include <string_view>

namespace redstart::inline v0 {

/// Which commands an error word speaks for.
enum class ReplyOf : std::uint8_t {
  plain_command,  ///< One command: a refusal proves that it did not run.
  script,         ///< EVAL, EVALSHA, FCALL, or inside EXEC's array: parts may have run before the error.
  transaction,    ///< EXEC, and what its array holds. Judged as a script.
};

/// Effect and remedy of an error reply.
struct ServerVerdict {
  Effect effect = Effect::server_error;
  Remedy remedy = Remedy::none;
};

/// The error word: all before the first blank.
[[nodiscard]] constexpr std::string_view error_word(std::string_view message) noexcept {
  return message.substr(0, message.find(' '));
}

/// An error word by which the server says that it did not run a command, and what helps.
struct Refusal {
  std::string_view word;
  Remedy remedy;
};
inline constexpr Refusal refusals[] = {
    {"LOADING", Remedy::retry},      {"BUSY", Remedy::retry},      {"TRYAGAIN", Remedy::retry},
    {"NOREPLICAS", Remedy::retry},   {"MOVED", Remedy::reconnect}, {"ASK", Remedy::reconnect},
    {"READONLY", Remedy::reconnect}, {"OOM", Remedy::never},       {"MASTERDOWN", Remedy::reconnect},
    {"CLUSTERDOWN", Remedy::retry},  {"MISCONF", Remedy::never},   {"NOAUTH", Remedy::never},
    {"WRONGPASS", Remedy::never},    {"NOPERM", Remedy::never},    {"EXECABORT", Remedy::never},
    {"CROSSSLOT", Remedy::never},    {"NOPROTO", Remedy::never},   {"NOSCRIPT", Remedy::never},
    {"REDIRECT", Remedy::reconnect},
};

/// Exact texts that the server alone produces, before it looks at any command or script.
inline constexpr std::string_view no_room_for_clients = "ERR max number of clients reached";
inline constexpr std::string_view no_such_script = "NOSCRIPT No matching script. Please use EVAL.";
inline constexpr std::string_view no_such_script_in_valkey = "NOSCRIPT No matching script.";

/// Judges an error reply by its words. A refusal (LOADING, READONLY, OOM, …) of a plain command is
/// `not_sent`; of a script it proves nothing, because a script may write and then return such a text.
///
/// `authenticated`: the connection had passed AUTH. A NOAUTH then means that its session was lost, as when a
/// proxy drops it: a new connection authenticates again.
[[nodiscard]] constexpr ServerVerdict classify(std::string_view message, ReplyOf of,
                                               bool authenticated = false) noexcept {
  if (message == no_room_for_clients) return {Effect::not_sent, Remedy::retry};
  if (message == no_such_script || message == no_such_script_in_valkey)
    return {Effect::not_sent, Remedy::never};
  const std::string_view word = error_word(message);
  for (const Refusal& refusal : refusals) {
    if (word != refusal.word) continue;
    const Remedy remedy = authenticated && word == "NOAUTH" ? Remedy::reconnect : refusal.remedy;
    return {of == ReplyOf::plain_command ? Effect::not_sent : Effect::server_error, remedy};
  }
  return {};
}

}  // namespace redstart::inline v0
