// SPDX-License-Identifier: Apache-2.0
// link_authentication.cpp: from newer credentials to the reply to AUTH.
#include "link_authentication.hpp"

#include "../core/failures.hpp"
#include "../engine/refusal.hpp"
#include "authentication_command.hpp"
#include "not_ready.hpp"

#include <redstart/resp/error_text.hpp>

#include <new>
#include <string>

namespace redstart::inline v0::protocol {

void LinkAuthentication::offer(std::shared_ptr<const ProvidedCredentials> newer) noexcept {
  if (newer && newer->credentials.username.empty() && newer->credentials.password.empty()) {
    renewal_.authenticated(newer->term);  // the server needs no AUTH any more
    offered_.reset();
    return watch();
  }
  if (newer) offered_ = std::move(newer);
  if (!offered_ && renewal_.expired(context_.now)) {
    try {
      return fail(0, failure::credentials_expired());
    } catch (const std::bad_alloc&) {
      // Checked again when it is due the next time.
    }
  }
  renewal_.postpone(context_.now);
  watch();
}

std::string_view LinkAuthentication::command() {
  command_ = authentication_command(offered_->credentials);
  return command_.reveal();
}

void LinkAuthentication::answered(std::string_view frame) {
  sequence_ = 0;
  const auto sent = std::exchange(offered_, nullptr);
  const Secret command = std::move(command_);
  if (!resp::is_error_frame(frame)) {
    renewal_.authenticated(sent->term);
    return watch();
  }
  std::string text = engine::refusal_text(frame, {command.reveal(), {}}, context_.config());
  if (!why_not_ready(error_word(text))) return fail(sent->term.number, failure::authentication_refused(text));
  renewal_.postpone(context_.now);
  watch();
}

void LinkAuthentication::fail(std::uint64_t number, Cause cause) {
  failed_ = {number, std::make_shared<const Cause>(std::move(cause))};
  offered_.reset();
  renewal_.end();
}

void LinkAuthentication::close() noexcept {
  renewal_ = {};
  offered_.reset();
  command_ = {};
  sequence_ = 0;
  failed_ = {};
}

}  // namespace redstart::inline v0::protocol
