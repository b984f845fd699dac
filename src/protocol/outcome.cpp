// SPDX-License-Identifier: Apache-2.0
// outcome.cpp: from errno values and faulty bytes to outcomes.
#include "outcome.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace redstart::inline v0::protocol {

namespace {

Outcome ended(Cause why, CloseReason reason, TimePoint end) {
  Outcome outcome(std::move(why), reason);
  outcome.end = end;
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

Outcome broken_by(int error, bool interrupted, Effect effect, TimePoint end) {
  if (interrupted) return ended(failure::interrupted(effect), CloseReason::shutdown, end);
  const bool silent = error == EAGAIN || error == ETIMEDOUT;
  return ended(failure::lost(error, effect), silent ? CloseReason::timeout : CloseReason::lost, end);
}

Outcome deadline_passed(TimePoint end) {
  return ended(failure::not_sent_in_time(), CloseReason::timeout, end);
}

Outcome not_resp(const resp::Scanner& scanner, std::string_view bytes, TimePoint end) {
  return ended(failure::not_resp(to_string(scanner.fault()), near(scanner, bytes)), CloseReason::protocol,
               end);
}

Cause not_resp_in_handshake(const resp::Scanner& scanner, std::string_view bytes, bool password_was_sent) {
  return failure::not_resp_in_handshake(to_string(scanner.fault()), bytes, near(scanner, bytes),
                                        password_was_sent);
}

Outcome unsolicited_reply(TimePoint end) {
  return ended(failure::unsolicited_reply(), CloseReason::desync, end);
}

CloseReason unsolicited_reason(char first) noexcept {
  constexpr std::string_view replies = "+-:$*_#,(!=%~|";
  if (first == '>') return CloseReason::stale;
  return replies.find(first) == std::string_view::npos ? CloseReason::protocol : CloseReason::desync;
}

}  // namespace redstart::inline v0::protocol
