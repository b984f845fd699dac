// SPDX-License-Identifier: Apache-2.0
// state_lines.cpp: selects changes of state and composes their lines.
#include <redstart/core/peer_text.hpp>
#include <redstart/observe/state_lines.hpp>
#include <redstart/resilience/breaker_state.hpp>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <utility>

namespace redstart::inline v0 {

namespace {

constexpr std::size_t detail_in_line = 512;

bool one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

// Returns the title of an event in a line; empty for events that are no change of state.
std::string_view title_of(const Event& event) {
  switch (event.kind) {
    case EventKind::connected: return "connected";
    case EventKind::connect_failed: return "connection failed";
    case EventKind::disconnected:
      // Other reasons are part of normal use.
      return level_of(event) == EventLevel::warning ? "connection closed" : std::string_view{};
    case EventKind::loading: return one_of(event.to, {"ready", "unreachable"}) ? "loading ended" : "loading";
    case EventKind::circuit_changed:
      if (event.to == to_string(BreakerState::half_open)) return {};  // it may open again at once
      return one_of(event.to, {to_string(BreakerState::closed), to_string(BreakerState::forced_closed)})
                 ? "circuit breaker closes"
                 : "circuit breaker opens";
    case EventKind::server_changed: return "another server answers";
    case EventKind::lease_overdue: return "warning";
    case EventKind::lease_leaked: return "warning: leak";
    case EventKind::tls_insecure: return "warning: insecure";
    case EventKind::tls_reload_failed: return "warning: certificates";
    case EventKind::config_notice: return "configuration";
    case EventKind::credentials_refresh_failed: return "warning: credentials";
    case EventKind::metrics_failed: return "warning: metrics";
    case EventKind::handler_failed: return "an exception left a handler";
    case EventKind::production_unavailable: return "unavailable in production";
    case EventKind::shutdown_failed: return "warning: shutdown";
    case EventKind::initialized:
    case EventKind::release_failed:
    case EventKind::push_dropped:
    case EventKind::retrying:
    case EventKind::tls_reloaded:
    case EventKind::credentials_refreshed:
    case EventKind::shutdown_begin:
    case EventKind::shutdown_complete:
    case EventKind::shutdown_succeeded:
    case EventKind::init_succeeded:
    case EventKind::init_failed:
    case EventKind::operation_failed:
    case EventKind::slow_command: break;
  }
  return {};
}

}  // namespace

std::vector<std::string> StateLines::add(const Event& event, TimePoint now) {
  if (event.kind == EventKind::shutdown_complete) {
    return held_back(
        [&event](const State& state) {
          return state.database == event.database && state.endpoint == event.endpoint;
        },
        now);
  }
  const std::string_view title = title_of(event);
  if (title.empty() || !is_news(event)) return {};
  State& state = state_of(event, title);
  ++state.held;
  state.last_event = ++events_;
  state.detail = peer_text(event.detail, {.most = detail_in_line});
  std::vector<std::string> lines;
  if (now >= state.next) lines.push_back(line(state, now));
  return lines;
}

std::vector<std::string> StateLines::due(TimePoint now) {
  return held_back([now](const State& state) { return now >= state.next; }, now);
}

// A pool opens many connections: only the first one after a loss changes the state.
bool StateLines::is_news(const Event& event) {
  if (event.kind != EventKind::connected && event.kind != EventKind::connect_failed &&
      event.kind != EventKind::disconnected)
    return true;
  auto link = std::find_if(links_.begin(), links_.end(), [&event](const Link& known) {
    return known.database == event.database && known.endpoint == event.endpoint;
  });
  if (link == links_.end())
    link = links_.insert(link, Link{std::string(event.database), std::string(event.endpoint)});
  const bool up = event.kind == EventKind::connected;
  return std::exchange(link->up, up) != up || !up;
}

StateLines::State& StateLines::state_of(const Event& event, std::string_view title) {
  const auto found = std::find_if(states_.begin(), states_.end(), [&](const State& state) {
    return state.title == title && state.database == event.database && state.endpoint == event.endpoint;
  });
  if (found != states_.end()) return *found;
  states_.push_back(State{std::string(event.database), std::string(event.endpoint), title});
  return states_.back();
}

std::string StateLines::line(State& state, TimePoint now) const {
  std::string text = "redstart: ";
  if (!state.database.empty()) {
    text += peer_text(state.database, {.most = 64});
    if (!state.endpoint.empty()) text += " at " + peer_text(state.endpoint, {.most = 128});
    text += ": ";
  }
  text += state.title;
  if (!state.detail.empty()) text += ": " + state.detail;
  if (state.held > 1) text += " (" + std::to_string(state.held) + " times since the last such line)";
  state.held = 0;
  state.next = deadline_after(now, interval_);
  return text;
}

template <class Wanted>
std::vector<std::string> StateLines::held_back(Wanted wanted, TimePoint now) {
  std::vector<State*> held;
  for (State& state : states_) {
    if (state.held != 0 && wanted(state)) held.push_back(&state);
  }
  std::sort(held.begin(), held.end(),
            [](const State* a, const State* b) { return a->last_event < b->last_event; });
  std::vector<std::string> lines;
  lines.reserve(held.size());
  for (State* const state : held) lines.push_back(line(*state, now));
  return lines;
}

}  // namespace redstart::inline v0
