// SPDX-License-Identifier: Apache-2.0
// server_reply.hpp: what an error reply proves about its command.
#pragma once

#include <redstart/core/errc.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace redstart::inline v0 {

/// The kind of request that an error reply answers.
enum class ReplyOf : std::uint8_t {
  plain_command,  ///< One command: a refusal proves that it did not run.
  script,         ///< EVAL, EVALSHA, FCALL, or inside EXEC's array: parts may have run before the error.
  transaction,    ///< EXEC itself: its error proves that no command of the transaction ran.
};

/// Effect and remedy of an error reply.
struct ServerVerdict {
  Effect effect = Effect::server_error;
  Remedy remedy = Remedy::none;
};

/// The first word of an error reply: all before the first space.
[[nodiscard]] constexpr std::string_view error_word(std::string_view message) noexcept {
  return message.substr(0, message.find(' '));
}

/// An error word by which the server refuses to run a command, and what helps.
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

/// Exact texts that only the server itself produces, before it looks at any command or script.
inline constexpr std::string_view no_room_for_clients = "ERR max number of clients reached";
inline constexpr std::string_view no_such_script = "NOSCRIPT No matching script. Please use EVAL.";
inline constexpr std::string_view no_such_script_in_valkey = "NOSCRIPT No matching script.";
inline constexpr std::string_view texts_before_execution[] = {
    no_room_for_clients,
    no_such_script,
    no_such_script_in_valkey,
    "TRYAGAIN Multiple keys request during rehashing of slot",
    "CROSSSLOT Keys in request don't hash to the same slot",
    "CLUSTERDOWN The cluster is down",
    "CLUSTERDOWN The cluster is down and only accepts read commands",
    "CLUSTERDOWN Hash slot not served",
};

/// Another node of a cluster, which has the key of a command: `MOVED slot host:port` or `ASK slot host:port`.
struct Redirect {
  bool once = false;        ///< ASK: for this command only, while the slot is being moved.
  std::uint16_t slot = 0;   ///< 0 … 16,383.
  std::string_view host{};  ///< Part of the message. Empty or `?`: the host that answered.
  std::uint16_t port = 0;   ///< 1 … 65,535.
};

namespace detail {

// The number that `text` is as a whole, if it is at most `most`.
[[nodiscard]] constexpr std::optional<std::uint16_t> whole_number(std::string_view text,
                                                                  std::uint32_t most) noexcept {
  if (text.empty() || text.size() > 5) return std::nullopt;
  std::uint32_t value = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint32_t>(digit - '0');
  }
  if (value > most) return std::nullopt;
  return static_cast<std::uint16_t>(value);
}

}  // namespace detail

/// Parses MOVED and ASK. Empty for all other messages, and if anything precedes or follows the exact form.
[[nodiscard]] constexpr std::optional<Redirect> redirect_of(std::string_view message) noexcept {
  constexpr std::size_t longest_host = 255;
  const std::string_view word = error_word(message);
  if ((word != "MOVED" && word != "ASK") || word.size() == message.size()) return std::nullopt;
  std::string_view rest = message.substr(word.size() + 1);
  const std::string_view number = error_word(rest);
  const auto slot = detail::whole_number(number, 16'383);
  if (!slot || number.size() == rest.size()) return std::nullopt;
  rest.remove_prefix(number.size() + 1);
  const std::size_t colon = rest.rfind(':');  // an IPv6 address has more of them
  if (colon == std::string_view::npos || colon > longest_host) return std::nullopt;
  const std::string_view host = rest.substr(0, colon);
  const auto port = detail::whole_number(rest.substr(colon + 1), 65'535);
  if (host.find(' ') != std::string_view::npos || !port || *port == 0) return std::nullopt;
  return Redirect{word == "ASK", *slot, host, *port};
}

/// True for the exact messages that a server sends only before it runs a command or script. A script that
/// returns a longer message, or another one with the same first word, proves nothing.
///
/// A script can also return an exact redirection. Code that follows redirections compares `Redirect::slot`
/// with the slot of the request.
[[nodiscard]] constexpr bool precedes_execution(std::string_view message) noexcept {
  for (const std::string_view text : texts_before_execution)
    if (message == text) return true;
  return redirect_of(message).has_value();
}

/// The message that explains an error: for `EXECABORT Transaction discarded because of: OOM …` the message of
/// the command that was refused, for all others the message itself.
[[nodiscard]] constexpr std::string_view root_message(std::string_view message) noexcept {
  constexpr std::string_view aborted = "EXECABORT Transaction discarded because of: ";
  return message.starts_with(aborted) ? message.substr(aborted.size()) : message;
}

/// True for the reply to a blocking command that ended because its server became a replica.
[[nodiscard]] constexpr bool is_forced_unblock(std::string_view message) noexcept {
  return message.starts_with("UNBLOCKED force unblock");
}

/// True for the reply to EXEC on a connection without a transaction. MULTI may have been refused, or a proxy
/// may have changed the server: the commands before EXEC may have run one by one.
[[nodiscard]] constexpr bool is_lost_transaction(std::string_view message) noexcept {
  return message.starts_with("ERR EXEC without MULTI");
}

/// Classifies an error reply. A refusal (LOADING, READONLY, OOM, …) of a plain command is `not_sent`, and so
/// is every error of EXEC itself, unless there was no transaction (`is_lost_transaction`). An error of a
/// script proves nothing, because a script may write and then return such a text; only messages for which
/// `precedes_execution` holds are `not_sent` there too.
///
/// `authenticated`: the connection had passed AUTH. A NOAUTH then means that its session was lost, for
/// example because a proxy dropped it. A new connection authenticates again.
[[nodiscard]] constexpr ServerVerdict classify(std::string_view message, ReplyOf of,
                                               bool authenticated = false) noexcept {
  if (message == no_room_for_clients) return {Effect::not_sent, Remedy::retry};
  const bool script = of == ReplyOf::script;
  const Effect refused = script && !precedes_execution(message) ? Effect::server_error : Effect::not_sent;
  const std::string_view root = script ? message : root_message(message);
  if (!script && is_forced_unblock(root)) return {Effect::not_sent, Remedy::reconnect};
  const std::string_view word = error_word(root);
  for (const Refusal& refusal : refusals) {
    if (word != refusal.word) continue;
    return {refused, authenticated && word == "NOAUTH" ? Remedy::reconnect : refusal.remedy};
  }
  if (of == ReplyOf::transaction && is_lost_transaction(message)) return {};
  if (of == ReplyOf::transaction || root.size() != message.size()) return {Effect::not_sent, Remedy::never};
  return {};
}

}  // namespace redstart::inline v0
