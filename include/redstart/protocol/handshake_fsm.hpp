// SPDX-License-Identifier: Apache-2.0
// handshake_fsm.hpp: from a fresh socket to a connection that may carry commands, without doing any I/O.
#pragma once

#include <redstart/config/redis_config.hpp>
#include <redstart/core/server_reply.hpp>
#include <redstart/core/version.hpp>
#include <redstart/resp/buffer.hpp>
#include <redstart/resp/writer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace redstart::protocol {

/// Who says hello, and to which database.
struct HandshakeSettings {
  std::string_view username{};
  std::string_view password{};  ///< Empty: no AUTH.
  std::string_view client_name{};
  int number = 0;
  Protocol protocol = Protocol::automatic;
};

/// The handshake: HELLO 3 with AUTH and SETNAME, or AUTH and CLIENT SETNAME in RESP2; then CLIENT SETINFO,
/// SELECT and PING in one flight; PING again while the server is LOADING. A connection is ready after PONG,
/// not before.
///
/// `start`, `on_reply` and `on_delay` return what to do next. Every reply that was asked for is awaited, even
/// where an error is ignored, so that a ready connection has nothing unread.
class HandshakeFsm {
 public:
  /// What the driver does next.
  struct Action {
    enum class Kind : std::uint8_t {
      send,     ///< Send `bytes`, then read a reply and hand it to `on_reply`.
      receive,  ///< Read another reply.
      wait,     ///< Wait for `delay`, then call `on_delay`.
      ready,    ///< Done.
      fail,     ///< Close the connection; `failure()` says why.
    };
    Kind kind = Kind::receive;
    std::string_view bytes{};  ///< Lives until the next call.
    std::chrono::milliseconds delay{0};
  };

  struct Failure {
    Errc code = Errc::handshake_failed;
    Remedy remedy = Remedy::none;
    std::string_view step{};  ///< The command that failed.
    std::string server{};     ///< What the server said.
  };

  /// `settings` must outlive the machine.
  explicit HandshakeFsm(const HandshakeSettings& settings) noexcept : settings_(settings) {}
  HandshakeFsm(const HandshakeFsm&) = delete;
  HandshakeFsm& operator=(const HandshakeFsm&) = delete;
  ~HandshakeFsm() { wipe(); }

  [[nodiscard]] Action start() {
    if (settings_.protocol == Protocol::resp2) return authenticate();
    expect({Step::hello});
    resp::Writer writer(bytes_);
    const bool auth = !settings_.password.empty();
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

  /// `frame` is one complete reply; pushes are not handed in.
  [[nodiscard]] Action on_reply(std::string_view frame) {
    const Step step = pending_[next_++];
    const bool error = frame.front() == '-';
    const std::string_view words = error ? frame.substr(1, frame.size() - 3) : std::string_view{};
    switch (step) {
      case Step::hello:
        if (!error) {
          resp3_ = true;
          return introduce();
        }
        if (settings_.protocol == Protocol::automatic && no_resp3(words)) return authenticate();
        return fail("HELLO", words);
      case Step::auth:
        if (error) return fail("AUTH", words);
        return introduce();
      case Step::courtesy:  // a server that knows no SETINFO, a user who may not SETNAME: no reason to stay
                            // away
        break;
      case Step::select:
        if (error) return fail("SELECT", words);
        break;
      case Step::ping:
        if (!error || error_word(words) == "NOPERM") return {Action::Kind::ready, {}, {}};
        if (comes_back(error_word(words))) {
          loading_ = true;
          return {Action::Kind::wait, {}, std::chrono::milliseconds(poll_delay())};
        }
        return fail("PING", words);
    }
    return {Action::Kind::receive, {}, {}};
  }

  [[nodiscard]] Action on_delay() {
    expect({Step::ping});
    resp::Writer writer(bytes_);
    writer.array(1);
    writer.bulk("PING");
    return send();
  }

  /// True while the server says that it will be ready later.
  [[nodiscard]] bool loading() const noexcept { return loading_; }
  /// True when the connection speaks RESP3.
  [[nodiscard]] bool resp3() const noexcept { return resp3_; }
  [[nodiscard]] const Failure& failure() const noexcept { return failure_; }

 private:
  enum class Step : std::uint8_t {
    hello,
    auth,
    courtesy,  // CLIENT SETNAME, CLIENT SETINFO: an error is fine
    select,
    ping,
  };

  static bool no_resp3(std::string_view words) noexcept {
    return error_word(words) == "NOPROTO" || words.starts_with("ERR unknown command") ||
           words.starts_with("ERR Unknown command");
  }
  static bool comes_back(std::string_view word) noexcept {
    return word == "LOADING" || word == "MASTERDOWN" || word == "BUSY";
  }

  Action authenticate() {
    if (settings_.password.empty()) return introduce();
    expect({Step::auth});
    resp::Writer writer(bytes_);
    writer.array(settings_.username.empty() ? 2 : 3);
    writer.bulk("AUTH");
    if (!settings_.username.empty()) writer.bulk(settings_.username);
    writer.bulk(settings_.password);
    return send();
  }

  // Everything that needs no answer before the next is sent, in one flight.
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
    if (!resp3_ && !settings_.client_name.empty()) courtesy("SETNAME", {}, settings_.client_name);
    courtesy("SETINFO", "LIB-NAME", "redstart");
    courtesy("SETINFO", "LIB-VER", version());
    if (settings_.number != 0) {
      writer.array(2);
      writer.bulk("SELECT");
      writer.bulk(settings_.number);
      pending_[count_++] = Step::select;
    }
    writer.array(1);
    writer.bulk("PING");
    pending_[count_++] = Step::ping;
    return send();
  }

  Action fail(std::string_view step, std::string_view words) {
    const std::string_view word = error_word(words);
    failure_ = {Errc::handshake_failed, judge(words, ReplyOf::plain_command).remedy, step,
                std::string(words)};
    redact(failure_.server, settings_.password);  // some servers repeat the arguments of what they refuse
    if (word == "WRONGPASS" || word == "NOAUTH" || word == "NOPERM" || words.starts_with("ERR AUTH") ||
        words.starts_with("ERR Client sent AUTH") || words.starts_with("ERR invalid password")) {
      failure_.code = Errc::authentication_failed;
      failure_.remedy = Remedy::never;
    }
    wipe();
    return {Action::Kind::fail, {}, {}};
  }

  static void redact(std::string& text, std::string_view secret) {
    constexpr std::string_view mask = "***";
    if (secret.empty()) return;
    for (std::size_t at = text.find(secret); at != std::string::npos;
         at = text.find(secret, at + mask.size()))
      text.replace(at, secret.size(), mask);
  }
  void expect(std::initializer_list<Step> steps) {
    wipe();
    next_ = count_ = 0;
    for (const Step step : steps) pending_[count_++] = step;
  }
  Action send() { return {Action::Kind::send, bytes_.view(), {}}; }
  // 20, 40, … 320 ms.
  std::int64_t poll_delay() noexcept { return std::int64_t{20} << (polls_ < 4 ? polls_++ : 4); }
  // The bytes may hold the password.
  void wipe() noexcept { bytes_.wipe(); }

  const HandshakeSettings& settings_;
  resp::Buffer bytes_{};
  std::array<Step, 5> pending_{};
  std::size_t next_ = 0;
  std::size_t count_ = 0;
  unsigned polls_ = 0;
  bool resp3_ = false;
  bool loading_ = false;
  Failure failure_{};
};

}  // namespace redstart::protocol
