// SPDX-License-Identifier: Apache-2.0
// opening_fsm.hpp: one connect attempt, from preparation to handshake, without I/O.
#pragma once

#include "address_rounds.hpp"
#include "credentials_renewal.hpp"
#include "handshake_fsm.hpp"
#include "handshake_inbox.hpp"

#include <redstart/config/credentials.hpp>
#include <redstart/config/redis_config.hpp>
#include <redstart/core/clock.hpp>
#include <redstart/core/failure.hpp>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace redstart::inline v0::protocol {

/// The step at which a preparation is: reading TLS files, asking the credentials provider, resolving the
/// name.
enum class PreparationStep : std::uint8_t { files, provider, lookup };
/// Returns the failure of a preparation that was still at `step` at its deadline.
[[nodiscard]] Cause preparation_timeout(PreparationStep step);

/// Opens one connection: prepare, permit, connect, TLS, handshake. Direct and asynchronous connections have
/// the same machine and different drivers.
///
/// A driver carries out one action at a time and reports how it ended by the event that the action names. The
/// event returns the next action. If `Action::until` passes first, the driver calls `on_timer` instead. An
/// event that does not fit the state is late: it changes nothing and returns `Kind::none`.
///
/// | state      | event: next state                                                                        |
/// |------------|------------------------------------------------------------------------------------------|
/// | preparing  | prepared: permit                                                                         |
/// | permit     | granted: connecting                                                                      |
/// | connecting | connected: securing, or looking without TLS; refused or silent: connecting               |
/// | securing   | TLS established: looking                                                                 |
/// | looking    | read: sending                                                                            |
/// | sending    | sent: replying                                                                           |
/// | replying   | replies: replying, sending, asking, renewing or ready; timer: late                       |
/// | late       | read, with bytes: replying                                                               |
/// | asking     | may wait: waiting                                                                        |
/// | waiting    | timer: sending; read: waiting                                                            |
/// | renewing   | newer credentials: looking                                                               |
/// | ready      | none                                                                                     |
/// | failed     | none                                                                                     |
///
/// All other outcomes lead to `failed`, with `failure()`.
class OpeningFsm {
 public:
  enum class State : std::uint8_t {
    preparing,   ///< Waits for TLS files, credentials and addresses.
    permit,      ///< Waits for a permit of the handshake gate.
    connecting,  ///< Waits for a connection to one address.
    securing,    ///< Waits for the TLS handshake.
    looking,     ///< Looks for bytes that arrived before a request.
    sending,     ///< Sends a request of the handshake.
    replying,    ///< Waits for a reply.
    late,        ///< The deadline has passed: looks once more for a reply that has arrived.
    asking,      ///< The server is not ready: the owner decides whether to wait.
    waiting,     ///< Waits for the next poll of a server that is not ready.
    renewing,    ///< Waits for newer credentials.
    ready,       ///< The connection is ready.
    failed,      ///< The attempt has failed.
  };

  /// The next step of the driver.
  struct Action {
    enum class Kind : std::uint8_t {
      none,        ///< Nothing to do: the event was late. The current step goes on.
      prepare,     ///< Get addresses, credentials and TLS context, then call `on_prepared`.
      get_permit,  ///< Enter the handshake gate, then call `on_permit`.
      connect,     ///< Connect to the address of index `address`, then call `on_connected`.
      secure,      ///< Run the TLS handshake, then call `on_secured`.
      look,        ///< Read what has arrived, without waiting, then call `on_read`.
      send,        ///< Send `bytes`, then call `on_sent`.
      read,        ///< Wait until bytes arrive, read them, then call `on_read`.
      ask,         ///< Call `on_asked` with the owner's answer to `not_ready()`.
      wait,        ///< Like `read`, but usually nothing arrives.
      renew,       ///< Ask the credentials provider again, then call `on_renewed`.
      ready,       ///< Done: `handshake()` describes the server.
      fail,        ///< Close the socket. `failure()` has the reason.
    };
    Kind kind = Kind::none;
    /// The attempt needs no permit from here on: return it before this action.
    bool returns_permit = false;
    std::size_t address = 0;
    std::string_view bytes{};  ///< Lives until the next call.
    TimePoint until{};         ///< Call `on_timer` at this time. Not set for `look`, `ask`, `ready`, `fail`.
  };

  /// The result of a preparation, or of a renewal of credentials.
  struct Preparation {
    std::size_t addresses = 0;
    bool tls = false;
    Credentials credentials{};  ///< Of the provider, if the database has one.
    std::optional<Cause> failure{};
    CredentialsTerm term{};  ///< Of the credentials.
  };

  /// The end of a read. The bytes that it has read are in `room()`.
  struct ReadEnd {
    int error = EAGAIN;          ///< EAGAIN: the connection is open. Else an errno value, or `end_of_stream`.
    bool holds_bytes = false;    ///< The TLS session has bytes that could not be read yet.
    std::optional<Cause> tls{};  ///< The failure of the TLS session, if that has ended the connection.
  };

  /// `random` in [0, 1) spreads the polls of many clients.
  ///
  /// Lifetimes: `config` and `client_name` must outlive the machine.
  OpeningFsm(const DatabaseConfig& config, const std::string& client_name, double random, TimePoint deadline);
  OpeningFsm(const OpeningFsm&) = delete;
  OpeningFsm& operator=(const OpeningFsm&) = delete;
  ~OpeningFsm() = default;

  [[nodiscard]] Action start();
  [[nodiscard]] Action on_prepared(Preparation prepared);
  [[nodiscard]] Action on_permit(TimePoint now);
  /// `error`: 0 or an errno value. ETIMEDOUT at the time limit of the address.
  [[nodiscard]] Action on_connected(TimePoint now, int error);
  /// `failure`: none if the TLS session is established.
  [[nodiscard]] Action on_secured(std::optional<Cause> failure);
  /// Call it with EAGAIN even if nothing has arrived.
  [[nodiscard]] Action on_read(ReadEnd end);
  /// All bytes were sent, or sending has failed. Then a server that refuses clients may have sent its reason
  /// before it closed.
  [[nodiscard]] Action on_sent();
  [[nodiscard]] Action on_asked(TimePoint now, bool may_wait);
  [[nodiscard]] Action on_renewed(Preparation renewed);
  /// `until` of the last action has passed. `step`: where the preparation is, while it is awaited.
  [[nodiscard]] Action on_timer(TimePoint now, PreparationStep step = PreparationStep::lookup);
  /// A shutdown ends the attempt. It replaces an earlier failure, because it may have caused that.
  [[nodiscard]] Action on_interrupted();

  /// The buffer for the next bytes, with room for at least `n`. Errors: std::bad_alloc.
  [[nodiscard]] engine::ReplyBuffer& room(std::size_t n = 256) { return inbox_.room(n); }
  /// True if the peer has sent more than it may: stop reading and call `on_read`.
  [[nodiscard]] bool flooded() const noexcept { return inbox_.flooded(); }
  /// Returns the number of pushes that were dropped since the last call.
  [[nodiscard]] std::uint64_t take_pushes() noexcept { return inbox_.take_pushes(); }

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] const NotReady& not_ready() const noexcept { return handshake_.not_ready(); }
  /// When the connection must authenticate again. Preconditions: the last action was `ready`.
  [[nodiscard]] CredentialsRenewal renewal() const noexcept { return {term_, settings_.random}; }
  [[nodiscard]] const HandshakeFsm& handshake() const noexcept { return handshake_; }
  /// Preconditions: the last action was `fail`.
  [[nodiscard]] const Cause& failure() const noexcept { return failure_; }

 private:
  using Kind = Action::Kind;

  [[nodiscard]] Action next_address(TimePoint now);
  [[nodiscard]] Action start_handshake();
  [[nodiscard]] Action advance(HandshakeFsm::Action next);
  [[nodiscard]] Action send_request();
  [[nodiscard]] Action take_replies();
  [[nodiscard]] Action refused();
  [[nodiscard]] Action finish();
  [[nodiscard]] Action unusable();
  [[nodiscard]] Action lost(int error);
  [[nodiscard]] Action fail(Cause why);
  [[nodiscard]] Action enter(State state, Kind kind) noexcept;
  void use(Preparation& prepared);

  HandshakeSettings settings_;
  HandshakeFsm handshake_{settings_};
  HandshakeInbox inbox_;
  AddressRounds rounds_{};
  Credentials credentials_{};  // given by the provider; `settings_` refers to them
  CredentialsTerm term_{};     // of these
  const bool provided_;        // the database has a credentials provider
  TimePoint deadline_;
  State state_ = State::preparing;
  std::string_view request_{};          // to be sent after a look at the socket
  std::chrono::milliseconds delay_{0};  // until the next poll
  TimePoint poll_at_{};
  ReadEnd end_{};
  std::size_t unread_ = 0;  // bytes in the inbox when the deadline passed
  bool tls_ = false;
  bool nothing_sent_ = true;
  bool look_first_ = true;  // before the next request, because the socket was not read for a while
  bool renewed_ = false;
  Cause failure_{};
};

}  // namespace redstart::inline v0::protocol
