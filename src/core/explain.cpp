// SPDX-License-Identifier: Apache-2.0
// explain.cpp: an error with all that helps to act on it.
#include <redstart/core/error.hpp>
#include <redstart/core/runbook.hpp>
#include <redstart/core/server_reply.hpp>

namespace redstart::inline v0 {

namespace {

std::string_view meaning(Effect effect) {
  switch (effect) {
    case Effect::none: return "there was no command";
    case Effect::server_error: return "the server examined or ran it and replied with an error";
    case Effect::not_sent: return "it certainly had no effect and may be repeated";
    case Effect::indeterminate: return "it may have run or may still run; repeat it only if it may run twice";
  }
  return {};
}

std::string_view meaning(Remedy remedy) {
  switch (remedy) {
    case Remedy::none: return "nothing in particular";
    case Remedy::retry: return "repeat the same call a little later";
    case Remedy::reconnect: return "repeat the call on a new connection: the server's role has changed";
    case Remedy::never: return "repeating can't help until the cause is fixed";
  }
  return {};
}

void field(std::string& text, std::string_view label, std::string_view value, std::string_view rest = {}) {
  text += "\n  ";
  text += label;
  text += value;
  if (rest.empty()) return;
  text += ": ";
  text += rest;
}

}  // namespace

std::string runbook_entry(Errc code, std::string_view server) {
  std::string entry = "docs/runbook.md#";
  if (server == no_room_for_clients) return entry += "maxclients";
  if (is_forced_unblock(server)) return entry += "unblocked";
  const std::string_view word = error_word(server);
  for (const Refusal& refusal : refusals) {
    if (word != refusal.word) continue;
    for (const char c : word) entry += static_cast<char>(c - 'A' + 'a');
    return entry;
  }
  return entry += to_string(code);
}

std::string Error::explain() const {
  const ErrorInfo& about = info();
  std::string text = what();
  const ErrcInfo* const row = errc_info(about.code);
  field(text, "code     ", to_string(about.code), row != nullptr ? row->meaning : std::string_view());
  field(text, "effect   ", to_string(about.effect), meaning(about.effect));
  field(text, "remedy   ", to_string(about.remedy), meaning(about.remedy));
  field(text, "runbook  ", runbook_entry(about.code, about.server));
  return text;
}

}  // namespace redstart::inline v0
