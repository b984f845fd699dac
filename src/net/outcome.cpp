// SPDX-License-Identifier: Apache-2.0
// outcome.cpp: makes outcomes and failures with their texts.
#include "outcome.hpp"

#include <redstart/core/peer_text.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace redstart::inline v0::net {

namespace {

// The peer's first bytes, for the message.
std::string excerpt(std::string_view bytes) { return peer_text(bytes.substr(0, 24)); }

Outcome broken(Errc code, Effect effect, CloseReason reason, std::string text) {
  Outcome outcome;
  outcome.kind = Outcome::Kind::broken;
  outcome.code = code;
  outcome.effect = effect;
  outcome.reason = reason;
  outcome.reusable = false;
  outcome.text = std::move(text);
  outcome.end = Clock::now();
  return outcome;
}

}  // namespace

Outcome broken_by(int error, bool interrupted, Effect effect) {
  if (interrupted) return broken(Errc::closed, effect, CloseReason::shutdown, "interrupted by shutdown");
  if (error == EAGAIN) return broken(Errc::timeout, effect, CloseReason::timeout, "no complete reply");
  if (error == end_of_stream)
    return broken(Errc::connection_lost, effect, CloseReason::lost, "the server closed the connection");
  if (error == ETIMEDOUT)
    return broken(Errc::connection_lost, effect, CloseReason::timeout,
                  "the peer has vanished: it does not acknowledge what is sent");
  if (error == EPROTO)
    return broken(Errc::connection_lost, effect, CloseReason::lost,
                  "the TLS session broke: the peer sent a damaged or unexpected record");
  return broken(Errc::connection_lost, effect, CloseReason::lost,
                "connection lost (" + error_text(error) + ")");
}

Outcome deadline_passed() {
  return broken(Errc::timeout, Effect::not_sent, CloseReason::timeout, "no time was left to send it");
}

Outcome not_resp(const resp::Scanner& scanner, std::string_view bytes) {
  const std::string_view near = bytes.substr(std::min(scanner.begin(), bytes.size()));
  if (near.starts_with("\x15\x03"))  // an alert
    return broken(Errc::protocol_error, Effect::indeterminate, CloseReason::protocol,
                  "the peer speaks TLS, and was spoken to without it (use rediss://, or set tls.enabled)");
  return broken(Errc::protocol_error, Effect::indeterminate, CloseReason::protocol,
                "the peer's answer is not RESP (" + std::string(to_string(scanner.fault())) + " at \"" +
                    excerpt(near) + "\")");
}

Outcome unsolicited_reply() {
  return broken(Errc::protocol_error, Effect::indeterminate, CloseReason::desync,
                "the server sent a reply that nobody asked for");
}

CloseReason unsolicited_reason(char first) noexcept {
  constexpr std::string_view replies = "+-:$*_#,(!=%~|";
  if (first == '>') return CloseReason::stale;
  return replies.find(first) == std::string_view::npos ? CloseReason::protocol : CloseReason::desync;
}

OpenFailure tls_timeout() {
  return {Errc::connect_timeout,
          Remedy::retry,
          "no answer to the TLS handshake (a server without TLS may wait for more)",
          {}};
}

OpenFailure connect_failure(int error, bool interrupted) {
  if (interrupted) return {Errc::closed, Remedy::never, "interrupted by shutdown", {}};
  switch (error) {
    case ECONNREFUSED: return {Errc::connect_refused, Remedy::retry, "connection refused", {}};
    case ETIMEDOUT: return {Errc::connect_timeout, Remedy::retry, "no answer to the connection attempt", {}};
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:
      return {Errc::resource_exhausted, Remedy::retry, "out of resources (" + error_text(error) + ")", {}};
    default: return {Errc::connect_failed, Remedy::retry, "can't connect (" + error_text(error) + ")", {}};
  }
}

OpenFailure not_resp_in_handshake(const resp::Scanner& scanner, std::string_view bytes,
                                  bool password_was_sent) {
  std::string text;
  if (!password_was_sent || bytes.starts_with("\x15\x03"))
    text = not_resp(scanner, bytes).text;
  else if (bytes.starts_with("HTTP/"))
    text = "the peer's answer is not RESP, but HTTP";
  else
    text = "the peer's answer is not RESP (" + std::string(to_string(scanner.fault())) + ")";
  return {Errc::protocol_error, Remedy::never, std::move(text), {}};
}

OpenFailure unsolicited_in_handshake() {
  return {Errc::protocol_error, Remedy::never, "the server sent more than it was asked for", {}};
}

OpenFailure flood_in_handshake(std::size_t most) {
  return {Errc::protocol_error,
          Remedy::never,
          "the server answered the handshake with more than " + std::to_string(most / 1024) +
              " KiB: this is probably not a Redis server",
          {}};
}

OpenFailure still_not_ready(const protocol::NotReady& state) {
  return {Errc::loading, Remedy::retry, protocol::describe(state), {}};
}

OpenFailure handshake_failure(int error, std::string_view awaited) {
  if (error == EAGAIN) return {Errc::connect_timeout, Remedy::retry, "no answer to the handshake", {}};
  std::string text = error == end_of_stream
                         ? "the server closed the connection during the handshake"
                         : "connection lost during the handshake (" + error_text(error) + ")";
  // Some proxies close the connection at an unknown command instead of refusing it.
  if (awaited == "HELLO" || awaited == "CLIENT")
    text += ", before it answered " + std::string(awaited) +
            " (for a proxy that does not know this command, set handshake = minimal)";
  return {Errc::handshake_failed, Remedy::retry, std::move(text), {}};
}

}  // namespace redstart::inline v0::net
