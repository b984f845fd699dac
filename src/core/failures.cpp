// SPDX-License-Identifier: Apache-2.0
// failures.cpp: the texts of errors, in the order of a call.
#include "failures.hpp"

#include <redstart/core/peer_text.hpp>
#include <redstart/core/server_reply.hpp>

#include <cerrno>
#include <system_error>
#include <utility>

namespace redstart::inline v0::failure {

namespace {

Cause cause(Errc code, Effect effect, Remedy remedy, std::string what, std::string advice = {}) {
  return {{code, effect, remedy}, std::move(what), {}, std::move(advice)};
}

Cause unsent(Errc code, Remedy remedy, std::string what, std::string advice = {}) {
  return cause(code, Effect::not_sent, remedy, std::move(what), std::move(advice));
}

bool is_tls_alert(std::string_view bytes) { return bytes.starts_with("\x15\x03"); }

std::string lost_text(std::string_view subject, int error) {
  return std::string(subject) + " (" + error_text(error) + ")";
}

}  // namespace

std::string_view cluster_advice(std::string_view message) noexcept {
  const std::string_view word = error_word(message);
  if (word != "MOVED" && word != "ASK" && word != "CLUSTERDOWN" && word != "CROSSSLOT") return {};
  return "This server is a node of Redis Cluster, which is not supported yet: use a server that is no "
         "cluster, or a proxy in front of the cluster";
}

std::string_view advice_for(std::string_view word) noexcept {
  if (word == "READONLY" || word == "REDIRECT")
    return "This server is a replica: point the endpoint's name at the master and shorten its TTL";
  if (word == "OOM")
    return "Delete keys or give them a TTL, choose an eviction policy for caches, or raise maxmemory";
  if (word == "MISCONF")
    return "The server can't save: see its log and its disk, then BGSAVE; or set "
           "stop-writes-on-bgsave-error no";
  if (word == "NOREPLICAS") return "Restore the replicas (INFO replication), or lower min-replicas-to-write";
  if (word == "MASTERDOWN")
    return "Repair the link to the master, or promote this replica (REPLICAOF NO ONE)";
  if (word == "BUSY") return "SCRIPT KILL or FUNCTION KILL ends the running script";
  if (word == "LOADING") return "Wait: INFO persistence shows the remaining time (loading_eta_seconds)";
  if (word == "NOPERM") return "Grant the permission by ACL SETUSER; ACL LOG shows what was denied";
  if (word == "NOAUTH" || word == "WRONGPASS") return advice_for(Errc::authentication_failed);
  const std::string_view advice = cluster_advice(word);
  return advice.empty() ? "See the server's log" : advice;
}

std::string error_text(int error) { return std::generic_category().message(error); }

Cause not_connected(int error) {
  switch (error) {
    case ECONNREFUSED: return unsent(Errc::connect_refused, Remedy::retry, "connection refused");
    case ETIMEDOUT: return unsent(Errc::connect_timeout, Remedy::retry, "no answer to the connect attempt");
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL: return out_of_resources("out of resources (" + error_text(error) + ")");
    default: return unsent(Errc::connect_failed, Remedy::retry, "can't connect (" + error_text(error) + ")");
  }
}

Cause interrupted(Effect effect) {
  return cause(Errc::closed, effect, Remedy::never, "interrupted by shutdown");
}

Cause out_of_resources(std::string why) {
  return unsent(Errc::resource_exhausted, Remedy::retry, std::move(why));
}

Cause no_thread(std::string_view why) {
  return out_of_resources("no thread to prepare the connection: " + std::string(why));
}

Cause not_resolved(std::string why) { return unsent(Errc::resolve_failed, Remedy::retry, std::move(why)); }

Cause lookup_timeout() {
  return unsent(Errc::resolve_failed, Remedy::retry, "the lookup did not complete in time");
}

Cause tls_files_timeout() {
  return unsent(Errc::connect_timeout, Remedy::retry, "the TLS files could not be read in time");
}

Cause provider_timeout() {
  return unsent(Errc::connect_timeout, Remedy::retry, "the credentials provider did not answer in time");
}

Cause provider_threw(std::string_view thrown) {
  return unsent(Errc::authentication_failed, Remedy::retry,
                "the credentials provider threw " + std::string(thrown));
}

Cause authentication_refused(std::string server) {
  Cause why = unsent(Errc::authentication_failed, Remedy::reconnect,
                     "the server refused AUTH with newer credentials on an open connection");
  why.server = std::move(server);
  return why;
}

Cause credentials_expired() {
  return unsent(
      Errc::authentication_failed, Remedy::reconnect,
      "the credentials of an open connection have expired, and the provider returned no newer ones");
}

Cause handshakes_busy() {
  return unsent(Errc::connect_timeout, Remedy::retry, "too many connections are being opened");
}

Cause tls_timeout() {
  return unsent(Errc::connect_timeout, Remedy::retry,
                "no answer to the TLS handshake (a server without TLS may wait for more)");
}

Cause tls_failed(std::string why) { return unsent(Errc::tls_failed, Remedy::retry, std::move(why)); }

Cause tls_files_unusable(std::string why) {
  return unsent(Errc::tls_failed, Remedy::never, std::move(why),
                "Check the files that the tls settings of this database name: path, permissions, PEM "
                "format, and the password of the key; the server has not been contacted yet");
}

Cause certificate_untrusted(std::string_view why) {
  return unsent(Errc::tls_failed, Remedy::never,
                "the server's certificate is not trusted: " + std::string(why));
}

Cause certificate_requested(int error) {
  const bool closed = error == 0 || error == end_of_stream;
  return tls_failed(
      "the server requested a client certificate and then " +
      (closed ? std::string("closed the connection") : lost_text("the connection was lost", error)) +
      ": it probably requires one that it trusts (tls.certificate_file, tls.key_file)");
}

Cause tls_lost(int error) {
  if (error == 0 || error == end_of_stream)
    return tls_failed("the server closed the connection during the TLS handshake");
  return tls_failed(lost_text("connection lost during the TLS handshake", error));
}

Cause handshake_lost(int error, std::string_view awaited) {
  if (error == EAGAIN) return unsent(Errc::connect_timeout, Remedy::retry, "no answer to the handshake");
  std::string text = error == end_of_stream
                         ? std::string("the server closed the connection during the handshake")
                         : lost_text("connection lost during the handshake", error);
  // Some proxies close the connection at a command that they don't know, instead of refusing it.
  if (awaited == "HELLO" || awaited == "CLIENT")
    text += ", before it answered " + std::string(awaited) +
            " (for a proxy that does not know this command, set handshake = minimal)";
  return unsent(Errc::handshake_failed, Remedy::retry, std::move(text));
}

Cause not_ready(std::string state) { return unsent(Errc::loading, Remedy::retry, std::move(state)); }

Cause not_resp_in_handshake(std::string_view fault, std::string_view bytes, std::string_view near,
                            bool password_was_sent) {
  Cause why = not_resp(fault, near);
  why.effect = Effect::not_sent;
  why.remedy = Remedy::never;
  if (!password_was_sent || is_tls_alert(bytes)) return why;
  why.what = bytes.starts_with("HTTP/") ? std::string("the peer's answer is not RESP, but HTTP")
                                        : "the peer's answer is not RESP (" + std::string(fault) + ")";
  return why;
}

Cause unsolicited_in_handshake() {
  return unsent(Errc::protocol_error, Remedy::never, "the server sent unsolicited data");
}

Cause flood_in_handshake(std::size_t most) {
  return unsent(Errc::protocol_error, Remedy::never,
                "the server answered the handshake with more than " + std::to_string(most / 1024) +
                    " KiB: this is probably not a Redis server");
}

Cause session_dropped() {
  return unsent(Errc::connect_failed, Remedy::retry,
                "the server answers NOAUTH on connections that have passed AUTH");
}

Cause closed_before_first_answer() {
  return unsent(Errc::connect_failed, Remedy::retry,
                "the server closed a new connection before it answered any command");
}

Cause lost(int error, Effect effect) {
  if (error == EAGAIN) return timed_out(effect);
  std::string text = error == end_of_stream ? std::string("the server closed the connection")
                     : error == ETIMEDOUT   ? std::string("the peer does not acknowledge sent data")
                     : error == EPROTO
                         ? std::string("the TLS session broke: the peer sent a damaged or unexpected record")
                         : lost_text("connection lost", error);
  return cause(Errc::connection_lost, effect, Remedy::retry, std::move(text));
}

Cause timed_out(Effect effect) { return cause(Errc::timeout, effect, Remedy::retry, "no complete reply"); }

Cause not_sent_in_time() {
  return unsent(Errc::timeout, Remedy::retry, "it could not be sent before its deadline");
}

Cause cancelled(Effect effect) {
  return cause(Errc::cancelled, effect, Remedy::none,
               effect == Effect::not_sent ? "cancelled before it was sent" : "cancelled after it was sent");
}

Cause not_resp(std::string_view fault, std::string_view near) {
  std::string text = "the peer speaks TLS, but this connection does not (use rediss://, or set tls.enabled)";
  if (!is_tls_alert(near))
    text = "the peer's answer is not RESP (" + std::string(fault) + " at \"" + peer_text(near.substr(0, 24)) +
           "\")";
  return cause(Errc::protocol_error, Effect::indeterminate, Remedy::retry, std::move(text));
}

Cause unsolicited_reply() {
  return cause(Errc::protocol_error, Effect::indeterminate, Remedy::retry,
               "the server sent an unsolicited reply");
}

Cause too_many_pushes() {
  return cause(Errc::protocol_error, Effect::indeterminate, Remedy::retry,
               "the server sent more push messages between replies than allowed");
}

Cause shifted_replies() {
  return cause(Errc::protocol_error, Effect::indeterminate, Remedy::retry,
               "the replies do not belong to the commands that were sent (integrity)");
}

Cause silent_for(std::chrono::milliseconds time) {
  return cause(Errc::connection_lost, Effect::indeterminate, Remedy::retry,
               "the server sent no complete reply for " + std::to_string(time.count()) + " ms");
}

Cause closed_after_give_up() {
  return cause(Errc::connection_lost, Effect::none, Remedy::retry, "closed after a command was given up");
}

Cause closed() { return unsent(Errc::closed, Remedy::never, "the manager was shut down"); }

Cause forked() {
  return unsent(Errc::forked, Remedy::never,
                "the process was forked: connections and handles from before belong to the parent",
                std::string(advice_for(Errc::forked)));
}

Cause expired() {
  return unsent(Errc::timeout, Remedy::retry, "the time limit of the call had expired before it began",
                "Pass a time limit above zero (with_timeout), or omit it to use the database's own");
}

Cause circuit_open(std::string_view status, std::string_view database, bool forced_open) {
  Cause why = unsent(Errc::circuit_open, Remedy::retry, "the circuit breaker is " + std::string(status));
  if (!forced_open) return why;
  why.remedy = Remedy::never;
  why.advice = "It was forced open: breaker(\"" + std::string(database) + "\").automatic() ends that";
  return why;
}

Cause all_connections_in_use(std::size_t connections) {
  return unsent(Errc::pool_timeout, Remedy::retry,
                "all " + std::to_string(connections) + " connections were in use");
}

Cause working_connections_in_use(std::size_t working, const Cause& why) {
  std::string text = working == 1 ? std::string("the only working connection was in use")
                                  : "the " + std::to_string(working) + " working connections were in use";
  text += "; another one could not be opened (" + std::string(to_string(why.code)) + "): " + why.what;
  Cause busy = unsent(Errc::pool_timeout, Remedy::retry, std::move(text), why.advice);
  busy.server = why.server;
  return busy;
}

Cause failed_before(Cause why) {
  why.effect = Effect::not_sent;
  why.what += " (a moment ago; the next attempt is not due yet)";
  return why;
}

Cause unavailable() { return unsent(Errc::unavailable, Remedy::retry, "the last connect attempt failed"); }

Cause not_connectable(std::string_view why) {
  return out_of_resources("no connection could be created: " + std::string(why));
}

Cause would_deadlock() {
  return unsent(Errc::would_deadlock, Remedy::never,
                "no connection is free, and this thread must not wait for one because it serves connections",
                "Use async_client() in handlers and coroutines, or call from another thread");
}

Cause scoped_connection_lost() {
  return unsent(Errc::connection_lost, Remedy::retry, "the connection of this scoped handle was lost earlier",
                "Take a new scoped handle and begin again");
}

Cause scoped_handle_used_twice() {
  return unsent(Errc::invalid_argument, Remedy::never,
                "another call uses this scoped handle at the same time",
                "A scoped handle serves one thread: take one for each thread, or share a client()");
}

Cause still_loading() {
  return unsent(Errc::loading, Remedy::retry,
                "the server answers LOADING, and the retry budget allows no further attempt");
}

Cause no_memory_for_reply() {
  return cause(Errc::resource_exhausted, Effect::indeterminate, Remedy::retry, "no memory for the reply");
}

Cause io_thread_stuck(Effect effect) {
  return cause(Errc::timeout, effect, Remedy::retry,
               effect == Effect::not_sent ? "it could not be sent in time: the I/O thread does not respond"
                                          : "no reply, and the I/O thread does not respond",
               "Look for a handler that blocks it");
}

Cause overloaded(const Pending& pending) {
  std::string text = std::to_string(pending.commands) + " commands of " + std::to_string(pending.bytes) +
                     " bytes are already pending";
  if (pending.given_up != 0) text += ", " + std::to_string(pending.given_up) + " of them given up";
  text += ", the limits are " + std::to_string(pending.most_commands) + " and " +
          std::to_string(pending.most_bytes);
  return unsent(Errc::overloaded, Remedy::retry, std::move(text));
}

Cause unknown_database(std::string_view name, std::string_view nearest) {
  return cause(Errc::unknown_database, Effect::none, Remedy::never, "no database of that name is configured",
               nearest.empty() ? "Add it to the configuration: config.database(\"" + std::string(name) + "\")"
                               : "Did you mean \"" + std::string(nearest) + "\"?");
}

Cause not_started() {
  return cause(Errc::not_started, Effect::none, Remedy::never, "the manager has not been started",
               "Call start(RedisConfigLoader{}.load()) first");
}

Cause too_many_inspections(std::size_t most) {
  return unsent(Errc::overloaded, Remedy::retry,
                std::to_string(most) + " examinations of this manager are already under way");
}

Cause started_before() {
  return cause(Errc::invalid_argument, Effect::none, Remedy::never, "the manager has been started already",
               "Call shutdown() first, or start it in one place only");
}

}  // namespace redstart::inline v0::failure
