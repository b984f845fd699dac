// SPDX-License-Identifier: Apache-2.0
// outcome.cpp: from errno values and faulty bytes to outcomes.
#include "outcome.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace redstart::inline v0::net {

namespace {

Outcome now(Cause why, CloseReason reason) {
  Outcome outcome(std::move(why), reason);
  outcome.end = Clock::now();
  return outcome;
}

std::string_view near(const resp::Scanner& scanner, std::string_view bytes) {
  return bytes.substr(std::min(scanner.begin(), bytes.size()));
}

}  // namespace

Cause Outcome::cause() const {
  Cause why;
  static_cast<Failure&>(why) = static_cast<const Failure&>(*this);
  (kind == Kind::error_reply ? why.server : why.what) = text;
  return why;
}

ErrorInfo Outcome::info(TimePoint start) const {
  ErrorInfo info = cause();
  info.elapsed = end - start;
  return info;
}

Outcome broken_by(int error, bool interrupted, Effect effect) {
  if (interrupted) return now(failure::interrupted(effect), CloseReason::shutdown);
  const bool silent = error == EAGAIN || error == ETIMEDOUT;
  return now(failure::lost(error, effect), silent ? CloseReason::timeout : CloseReason::lost);
}

Outcome deadline_passed() { return now(failure::not_sent_in_time(), CloseReason::timeout); }

Outcome not_resp(const resp::Scanner& scanner, std::string_view bytes) {
  return now(failure::not_resp(to_string(scanner.fault()), near(scanner, bytes)), CloseReason::protocol);
}

Cause not_resp_in_handshake(const resp::Scanner& scanner, std::string_view bytes, bool password_was_sent) {
  return failure::not_resp_in_handshake(to_string(scanner.fault()), bytes, near(scanner, bytes),
                                        password_was_sent);
}

Outcome unsolicited_reply() { return now(failure::unsolicited_reply(), CloseReason::desync); }

CloseReason unsolicited_reason(char first) noexcept {
  constexpr std::string_view replies = "+-:$*_#,(!=%~|";
  if (first == '>') return CloseReason::stale;
  return replies.find(first) == std::string_view::npos ? CloseReason::protocol : CloseReason::desync;
}

}  // namespace redstart::inline v0::net
