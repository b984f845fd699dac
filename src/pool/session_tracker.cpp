// SPDX-License-Identifier: Apache-2.0
// session_tracker.cpp: follows the commands of a batch.
#include "session_tracker.hpp"

namespace redstart::inline v0::pool {

std::optional<Error> first_only_queued(SessionTracker state, const engine::Origin& origin,
                                       const engine::BatchCommands& commands, std::string_view bytes) {
  for (std::size_t i = 0; i != commands.size(); ++i) {
    const engine::BatchEntry& entry = commands.entries[i];
    const std::string_view name = commands.rows.row(entry.row).name;
    if (state.queues()) {
      engine::RequestTraits traits{name};
      traits.session = entry.session;
      traits.shows_queued = entry.shows_queued;
      if (auto refused = engine::refusal_of(origin, engine::Exclusive::yes, engine::Queues::yes, traits,
                                            commands.encoded(bytes, i)))
        return refused;
    }
    if (entry.session != Session::none) state.sent(entry.session, name);
  }
  return std::nullopt;
}

void note_sent(SessionTracker& state, const engine::BatchCommands& commands) noexcept {
  for (const engine::BatchEntry& entry : commands.entries)
    if (entry.session != Session::none) state.sent(entry.session, commands.rows.row(entry.row).name);
}

void note_answered(SessionTracker& state, const engine::BatchCommands& commands, std::size_t command,
                   std::string_view frame) noexcept {
  const engine::BatchEntry& entry = commands.entries[command];
  if (entry.session != Session::none)
    state.answered(entry.session, commands.rows.row(entry.row).name, SessionTracker::answer_in(frame));
}

}  // namespace redstart::inline v0::pool
