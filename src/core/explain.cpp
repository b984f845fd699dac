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
    case Effect::server_error: return "the server examined or ran it, and answered with an error";
    case Effect::not_sent: return "certainly without effect; it may be repeated";
    case Effect::indeterminate: return "it may have run, may yet run, or not; repeat only what may run twice";
  }
  return {};
}

std::string_view meaning(Remedy remedy) {
  switch (remedy) {
    case Remedy::none: return "nothing in particular";
    case Remedy::retry: return "the same again, a little later";
    case Remedy::reconnect: return "the same again on a new connection: the server has another role now";
    case Remedy::never: return "repeating can't help before somebody changes something";
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
  field(text, "code     ", to_string(about.code));
  field(text, "effect   ", to_string(about.effect), meaning(about.effect));
  field(text, "remedy   ", to_string(about.remedy), meaning(about.remedy));
  field(text, "runbook  ", runbook_entry(about.code, about.server));
  return text;
}

}  // namespace redstart::inline v0
