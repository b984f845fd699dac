// SPDX-License-Identifier: Apache-2.0
// handshake_fsm.hpp: the handshake of a new connection, without I/O.
#pragma once

#include "not_ready.hpp"
#include "server_identity.hpp"

#include <redstart/config/redis_config.hpp>
#include <redstart/core/failure.hpp>
#include <redstart/core/server_reply.hpp>
#include <redstart/core/version.hpp>
#include <redstart/resilience/backoff.hpp>
#include <redstart/resp/buffer.hpp>
#include <redstart/resp/cursor.hpp>
#include <redstart/resp/error_text.hpp>
#include <redstart/resp/writer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace redstart::inline v0::protocol {

/// User, database and protocol of a new connection.
struct HandshakeSettings {
  std::string_view username{};
  std::string_view password{};  ///< If it and the user are empty, no AUTH is sent.
  std::string_view client_name{};
  int number = 0;
  Protocol protocol = Protocol::automatic;
  double random = 0.5;  ///< In [0, 1): spreads the polls of many clients of a loading server.
  Handshake extent = Handshake::full;
  bool integrity = false;  ///< The connection needs ECHO.
};

/// The handshake of a new connection:
///
/// 1. HELLO 3 with AUTH and SETNAME, or AUTH in RESP2.
/// 2. In one flight: CLIENT SETNAME (RESP2), SETINFO and CAPA (Valkey), SELECT, ECHO (for `integrity`), PING.
///
/// `Handshake::minimal` sends only AUTH, SELECT, ECHO and PING. If the server replies LOADING, BUSY or
/// MASTERDOWN, the refused commands are repeated after 50 to 500 ms. While it is loading, INFO persistence
/// reports the remaining time.
///
/// A connection is ready after PONG. Any other error to PING also proves that a server replies, unless it
/// concerns the connection as a whole (NOAUTH, WRONGPASS, DENIED, too many clients).
///
/// With `Protocol::automatic`, any error to HELLO leads to AUTH and RESP2, except those that would also
/// refuse AUTH: the errors of proxies and of servers without RESP3 have no common form.
///
/// `start`, `on_reply` and `on_delay` return the next action. The machine awaits every reply, even one whose
/// error it ignores, so that a ready connection has nothing unread.
class HandshakeFsm {
 public:
  /// The next step of the driver.
  struct Action {
    enum class Kind : std::uint8_t {
      send,     ///< Send `bytes`, then read a reply and pass it to `on_reply`.
      receive,  ///< Read another reply.
      wait,     ///< Wait for `delay`, then call `on_delay`.
      ready,    ///< Done.
      fail,     ///< Close the connection; `failure()` has the reason.
    };
    Kind kind = Kind::receive;
    std::string_view bytes{};  ///< Lives until the next call.
    std::chrono::milliseconds delay{0};
  };

  /// `protocol_error`: the reply is no error, but no Redis server sends it there.
  struct Failure {
    Errc code = Errc::handshake_failed;
    Remedy remedy = Remedy::none;
    std::string_view step{};  ///< The command that failed.
    std::string server{};     ///< The server's error reply.
    std::string hello{};      ///< The error reply to HELLO, if RESP2 was tried after it.
  };

  /// `settings` must outlive the machine.
  explicit HandshakeFsm(const HandshakeSettings& settings) noexcept : settings_(settings) {}
  HandshakeFsm(const HandshakeFsm&) = delete;
  HandshakeFsm& operator=(const HandshakeFsm&) = delete;
  ~HandshakeFsm() { wipe(); }

  [[nodiscard]] Action start() {
    resp3_ = false;
    knows_setinfo_ = true;
    knows_redirect_ = false;
    refused_hello_.clear();
    if (settings_.protocol == Protocol::resp2 || settings_.extent == Handshake::minimal)
      return authenticate();
    expect({Step::hello});
    resp::Writer writer = secret_writer();
    const bool auth = authenticates();
    const bool named = !settings_.client_name.empty();
    writer.array(std::size_t{2} + (auth ? 3U : 0U) + (named ? 2U : 0U));
    writer.bulk("HELLO");
    writer.bulk("3");
    if (auth) {
      writer.bulk("AUTH");
      writer.bulk(settings_.username.empty() ? std::string_view("default") : settings_.username);
      writer.bulk(settings_.password);
    }
    if (named) {
      writer.bulk("SETNAME");
      writer.bulk(settings_.client_name);
    }
    return send();
  }

  /// `frame` is one complete reply; pushes must not be passed.
  [[nodiscard]] Action on_reply(std::string_view frame) {
    resp::DecodeIssue unused;
    const resp::Token reply = resp::Cursor(frame, unused).take();
    if (!resp::is_error(reply.type)) return on_answer(reply, frame);
    // Decisions use the message before redaction, so that they don't depend on the password.
    const std::string_view secrets[] = {settings_.password};
    shown_ = resp::error_text(frame, secrets);
    return on_error(resp::error_text(frame));
  }

  [[nodiscard]] Action on_delay() {
    if (from_start_) {
      from_start_ = false;
      return start();
    }
    expect({Step::ping});
    resp::Writer writer(bytes_);
    writer.array(1);
    writer.bulk("PING");
    return send();
  }

  /// True while the server is not ready yet; `not_ready` has the reason.
  [[nodiscard]] bool loading() const noexcept { return loading_; }
  [[nodiscard]] const NotReady& not_ready() const noexcept { return not_ready_; }
  /// The reply to HELLO; empty with RESP2.
  [[nodiscard]] const Greeting& greeting() const noexcept { return greeting_; }
  /// The error reply to PING of a connection that is ready nevertheless (MISCONF, NOPERM), or empty.
  [[nodiscard]] const std::string& refused_ping() const noexcept { return refused_ping_; }
  /// True if the connection uses RESP3.
  [[nodiscard]] bool resp3() const noexcept { return resp3_; }
  [[nodiscard]] const Failure& failure() const noexcept { return failure_; }
  /// The command whose reply is awaited, or empty.
  [[nodiscard]] std::string_view awaited() const noexcept {
    return next_ < count_ ? name_of(pending_[next_]) : std::string_view();
  }

 private:
  enum class Step : std::uint8_t {
    hello,
    auth,
    courtesy,  // CLIENT SETNAME, SETINFO and CAPA: an error is ignored
    select,
    echo,
    ping,
    info,  // of a server that is loading: an error is ignored
  };

  static std::string_view name_of(Step step) noexcept {
    switch (step) {
      case Step::hello: return "HELLO";
      case Step::auth: return "AUTH";
      case Step::courtesy: return "CLIENT";
      case Step::select: return "SELECT";
      case Step::echo: return "ECHO";
      case Step::ping: return "PING";
      case Step::info: return "INFO";
    }
    return {};
  }

  Action on_answer(const resp::Token& reply, std::string_view frame) {
    switch (pending_[next_++]) {
      case Step::hello:
        if (reply.type != resp::Type::map && reply.type != resp::Type::array) return unexpected("HELLO");
        resp3_ = true;
        greeting_ = read_greeting(frame);
        knows_setinfo_ = at_least(greeting_.server.version, 7, 2);
        knows_redirect_ = knows_redirect(greeting_.server);
        return introduce();
      case Step::auth:
        if (reply.text != "OK") return unexpected("AUTH");
        return introduce();
      case Step::courtesy: break;
      case Step::select:
        if (reply.text != "OK") return unexpected("SELECT");
        break;
      case Step::echo:
        if (reply.text != echoed) return unexpected("ECHO");
        break;
      case Step::ping:
        if (reply.text != "PONG") return unexpected("PING");
        return from_start_ ? wait() : ready();
      case Step::info: not_ready_ = read_loading(reply.text); return wait();
    }
    return {Action::Kind::receive, {}, {}};
  }

  Action on_error(std::string_view message) {
    const std::string_view word = error_word(message);
    switch (pending_[next_++]) {
      case Step::hello:
        if (settings_.protocol == Protocol::automatic && !refuses_auth_too(message)) {
          // A server without HELLO is older than 6.0, so it has no SETINFO either.
          knows_setinfo_ = message.find("nknown command") == std::string::npos;
          refused_hello_ = shown_;
          return authenticate();
        }
        if (!comes_back(word)) return fail("HELLO", message);
        from_start_ = true;
        return wait();
      case Step::auth:
        if (!comes_back(word)) return fail("AUTH", message);
        from_start_ = true;
        return wait();
      case Step::courtesy: break;
      case Step::select:  // the other replies of the flight are awaited nevertheless
        if (!comes_back(word)) return fail("SELECT", message);
        from_start_ = true;
        break;
      case Step::echo:
        if (!comes_back(word)) {
          static_cast<void>(fail("ECHO", message));
          failure_.remedy = Remedy::never;
          return {Action::Kind::fail, {}, {}};
        }
        from_start_ = true;
        break;
      case Step::ping:
        if (comes_back(word)) return not_ready_.why == NotReady::Why::loading ? ask() : wait();
        // Any other error proves that the server replies, for example if PING is renamed.
        if (word == "NOAUTH" || refuses_clients(message)) return fail("PING", message);
        refused_ping_ = shown_;
        return from_start_ ? wait() : ready();
      case Step::info: silent_ = true; return wait();
    }
    return {Action::Kind::receive, {}, {}};
  }

  // True if the error concerns the connection or its user, not one command.
  static bool refuses_clients(std::string_view message) noexcept {
    const std::string_view word = error_word(message);
    return word == "WRONGPASS" || word == "DENIED" || message.starts_with("ERR max number of clients");
  }
  [[nodiscard]] bool refuses_auth_too(std::string_view message) const noexcept {
    const std::string_view word = error_word(message);
    return refuses_clients(message) || word == "NOPERM" || why_not_ready(word).has_value() ||
           (word == "NOAUTH" && !authenticates());
  }
  [[nodiscard]] bool authenticates() const noexcept {
    return !settings_.password.empty() || !settings_.username.empty();
  }
  // With CLIENT CAPA redirect, a server that becomes a replica replies REDIRECT and the address of its
  // primary instead of READONLY. It is sent only to a primary: a replica would redirect reads too, and a
  // database may lead to a replica for its reads.
  static bool knows_redirect(const ServerIdentity& server) noexcept {
    return server.product == "Valkey" && at_least(server.version, 8, 0) && server.role == "master";
  }
  bool comes_back(std::string_view word) noexcept {
    const auto why = why_not_ready(word);
    if (why && (!loading_ || not_ready_.why != *why)) not_ready_ = {*why, {}, {}};
    return why.has_value();
  }

  Action authenticate() {
    if (!authenticates()) return introduce();
    expect({Step::auth});
    resp::Writer writer = secret_writer();
    writer.array(settings_.username.empty() ? 2 : 3);
    writer.bulk("AUTH");
    if (!settings_.username.empty()) writer.bulk(settings_.username);
    writer.bulk(settings_.password);
    return send();
  }

  // All commands that need no reply before the next one, in one flight.
  Action introduce() {
    expect({});
    resp::Writer writer(bytes_);
    const auto courtesy = [&](std::string_view what, std::string_view attribute, std::string_view value) {
      writer.array(attribute.empty() ? 3 : 4);
      writer.bulk("CLIENT");
      writer.bulk(what);
      if (!attribute.empty()) writer.bulk(attribute);
      writer.bulk(value);
      pending_[count_++] = Step::courtesy;
    };
    if (settings_.extent == Handshake::full) {
      if (!resp3_ && !settings_.client_name.empty()) courtesy("SETNAME", {}, settings_.client_name);
      if (knows_setinfo_) {
        courtesy("SETINFO", "LIB-NAME", "redstart");
        courtesy("SETINFO", "LIB-VER", version());
      }
      if (knows_redirect_) courtesy("CAPA", {}, "redirect");
    }
    if (settings_.number != 0) {
      writer.array(2);
      writer.bulk("SELECT");
      writer.bulk(settings_.number);
      pending_[count_++] = Step::select;
    }
    if (settings_.integrity) {
      writer.array(2);
      writer.bulk("ECHO");
      writer.bulk(echoed);
      pending_[count_++] = Step::echo;
    }
    writer.array(1);
    writer.bulk("PING");
    pending_[count_++] = Step::ping;
    return send();
  }

  // Asks for the progress of loading. INFO that was refused once is not sent again.
  Action ask() {
    if (silent_ || from_start_) return wait();
    expect({Step::info});
    resp::Writer writer(bytes_);
    writer.array(2);
    writer.bulk("INFO");
    writer.bulk("persistence");
    return send();
  }
  Action wait() {
    loading_ = true;
    return {Action::Kind::wait, {}, polls_.next(settings_.random)};
  }
  Action ready() {
    loading_ = false;
    wipe();
    return {Action::Kind::ready, {}, {}};
  }
  Action unexpected(std::string_view step) {
    failure_ = {Errc::protocol_error, Remedy::never, step, {}, refused_hello_};
    wipe();
    return {Action::Kind::fail, {}, {}};
  }
  Action fail(std::string_view step, std::string_view message) {
    const std::string_view word = error_word(message);
    const bool credentials = word == "WRONGPASS" || word == "NOAUTH" || word == "NOPERM" ||
                             message.starts_with("ERR AUTH") || message.starts_with("ERR Client sent AUTH") ||
                             message.starts_with("ERR invalid password");
    failure_.code = credentials ? Errc::authentication_failed : Errc::handshake_failed;
    failure_.remedy = credentials ? Remedy::never : classify(message, ReplyOf::plain_command).remedy;
    failure_.step = step;
    failure_.hello = refused_hello_;
    failure_.server = shown_;
    wipe();
    return {Action::Kind::fail, {}, {}};
  }

  void expect(std::initializer_list<Step> steps) {
    wipe();
    next_ = count_ = 0;
    for (const Step step : steps) pending_[count_++] = step;
  }
  // Reserves all memory before the first byte, because growing would leave a copy of the password behind.
  resp::Writer secret_writer() {
    constexpr std::size_t around = 192;
    static_cast<void>(bytes_.extend(settings_.username.size() + settings_.password.size() +
                                    settings_.client_name.size() + around));
    return resp::Writer(bytes_);
  }
  Action send() { return {Action::Kind::send, bytes_.view(), {}}; }
  // The bytes may contain the password.
  void wipe() noexcept { bytes_.wipe(); }

  static constexpr std::string_view echoed = "redstart";

  const HandshakeSettings& settings_;
  resp::Buffer bytes_{};
  std::array<Step, 7> pending_{};
  std::size_t next_ = 0;
  std::size_t count_ = 0;
  Backoff polls_{BackoffPolicy{}};  // 50 … 500 ms
  bool resp3_ = false;
  bool loading_ = false;
  bool from_start_ = false;  // a command before PING was refused temporarily
  bool silent_ = false;      // INFO was refused: the progress is unknown
  bool knows_setinfo_ = true;
  bool knows_redirect_ = false;
  std::string refused_hello_{};  // the error that led to RESP2
  NotReady not_ready_{};
  Greeting greeting_{};
  std::string shown_{};  // the latest error of the server, without secrets
  std::string refused_ping_{};
  Failure failure_{};
};

/// A failed handshake in one sentence, without the server's reply to the step that failed.
[[nodiscard]] inline std::string describe(const HandshakeFsm::Failure& failure) {
  std::string text = failure.code == Errc::protocol_error ? "unexpected reply to " : "the server refused ";
  text += failure.step;
  if (failure.step == "ECHO")
    text +=
        ", which the setting `integrity` needs (allow it by ACL SETUSER … +echo, or turn `integrity` off)";
  if (!failure.hello.empty() && failure.hello != failure.server)
    text +=
        ", after it had refused HELLO (\"" + failure.hello + "\"; with protocol = resp2 HELLO is not sent)";
  if (failure.code == Errc::protocol_error && failure.step != "ECHO")
    text += ": this is probably not a Redis server";
  return text;
}

/// The error of a failed handshake.
[[nodiscard]] inline Cause cause_of(const HandshakeFsm::Failure& failure) {
  return {{failure.code, Effect::not_sent, failure.remedy}, describe(failure), failure.server, {}};
}

}  // namespace redstart::inline v0::protocol
