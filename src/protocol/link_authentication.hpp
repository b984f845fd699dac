// SPDX-License-Identifier: Apache-2.0
// link_authentication.hpp: authenticates an open link again, between its commands.
#pragma once

#include "credentials_renewal.hpp"
#include "link_context.hpp"

#include <redstart/core/failure.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace redstart::inline v0::protocol {

/// Sends AUTH on an open link before its credentials expire. The reply reaches no caller.
///
/// | state   | leaves by
/// | ------- | -------------------------------------------------------------------------------
/// | current | `renewal_.due()` -> wanted
/// | wanted  | `offer` with newer credentials -> offered, else current for a short while
/// | offered | `command`, `sent` -> sent; the driver still offers newer ones
/// | sent    | `answered` -> current, or failed if the server refused the credentials
/// | failed  | the owner closes the link after its work; a new connection -> current
///
/// Thread safety: none.
class LinkAuthentication {
 public:
  explicit LinkAuthentication(LinkContext& context) noexcept : context_(context) {}

  /// A new connection is ready.
  void opened(const CredentialsRenewal& renewal) noexcept {
    renewal_ = renewal;
    watch();
  }
  /// Requests the timer for the next look for newer credentials.
  void watch() noexcept {
    if (sequence_ == 0) context_.wake_by(renewal_.due());
  }
  /// True if `offer` must be called now.
  [[nodiscard]] bool wants_newer() const noexcept {
    return sequence_ == 0 && context_.now >= renewal_.due() && context_.status.state() == LinkState::ready;
  }
  /// The number of the credentials that newer ones replace.
  [[nodiscard]] std::uint64_t number() const noexcept {
    return offered_ ? offered_->term.number : renewal_.number();
  }
  /// Offers newer credentials; null: there are none.
  void offer(std::shared_ptr<const ProvidedCredentials> newer) noexcept;

  /// True if AUTH must be sent before the next command. `blocking`: commands in flight that may block in the
  /// server.
  [[nodiscard]] bool may_send(std::size_t blocking) const noexcept {
    return offered_ && sequence_ == 0 && blocking == 0 && !context_.retiring &&
           !context_.status.authentication_held();
  }
  /// Returns the bytes of AUTH. They live until `answered` or `close`. Preconditions: `may_send`. Errors:
  /// std::bad_alloc.
  [[nodiscard]] std::string_view command();
  /// AUTH has this sequence number.
  void sent(std::uint64_t sequence) noexcept { sequence_ = sequence; }
  /// True if the reply to this sequence number is that to AUTH.
  [[nodiscard]] bool awaits(std::uint64_t sequence) const noexcept { return sequence == sequence_; }
  /// The reply to AUTH has arrived.
  void answered(std::string_view frame);
  /// The connection was closed.
  void close() noexcept;

  /// The reason for which the connection must be closed after its work, if it was not taken yet.
  struct Failed {
    std::uint64_t number = 0;  ///< Of the credentials that the server has refused. 0: none were refused.
    std::shared_ptr<const Cause> cause{};
  };
  [[nodiscard]] bool has_failed() const noexcept { return failed_.cause != nullptr; }
  [[nodiscard]] Failed take_failed() noexcept { return std::exchange(failed_, {}); }

 private:
  void fail(std::uint64_t number, Cause cause);

  LinkContext& context_;
  CredentialsRenewal renewal_{};
  std::shared_ptr<const ProvidedCredentials> offered_{};  // newer credentials, until the reply to AUTH
  Secret command_{};
  std::uint64_t sequence_ = 0;  // of AUTH in flight
  Failed failed_{};
};

}  // namespace redstart::inline v0::protocol
