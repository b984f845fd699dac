// SPDX-License-Identifier: Apache-2.0
// run.cpp: classifies completed operations while the soak runs.
#include "run.hpp"

#include <filesystem>
#include <fstream>

namespace redstart::soak {
namespace {

using namespace std::chrono_literals;

constexpr auto grace = 250ms;  // I1: time for the work at the deadline itself
// Time after the last fault and the start of a quiet period before every operation must succeed. Until then a
// caller may wait for a lost reply, 5 s by default, and delay others.
constexpr auto settling = 7s;
// A machine lag of that length excuses an operation: `stall` during it, `stall_before` shortly before it. A
// lag may leave lost replies or an open circuit behind.
constexpr auto stall = 100ms;
constexpr auto stall_before = 500ms;

std::string ms_text(std::chrono::nanoseconds time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) + " ms";
}

}  // namespace

Outcome Run::end(const PendingCall& pending, const Error* error) {
  const auto now = Clock::now();
  const auto took = now - pending.began;
  if (took > pending.limit + grace) {
    // Three threads in sequence may be as late: the caller's, the I/O thread, one of proxy or server.
    const auto allowed = pending.limit + grace + 3 * lag.worst(pending.began, now);
    if (took > allowed)
      violations.add("I1", std::string(to_string(pending.kind)) + " with a limit of " +
                               ms_text(pending.limit) + " completed after " + ms_text(took) + ", " +
                               ms_text(age(now)) + " after the start; the machine's lag allows " +
                               ms_text(allowed) +
                               (error == nullptr ? "" : std::string("; ") + error->what()));
  }
  const Outcome outcome = error == nullptr ? Outcome::ok : outcome_of(error->effect());
  counts_[static_cast<std::size_t>(pending.kind)][static_cast<std::size_t>(outcome)].fetch_add(
      1, std::memory_order_relaxed);
  if (error == nullptr) {
    recovery.succeeded(pending.caller, pending.began, now);
    return outcome;
  }
  scan("an error", error->what());
  if (outcome == Outcome::pending)
    violations.add("I1", std::string("an error without an effect: ") + error->what());
  const bool on_purpose = pending.kind == Kind::hurried || pending.kind == Kind::cancelled;
  if (!on_purpose && is_quiet(terms, age(pending.began), settling) && calm.held(pending.began, settling) &&
      lag.worst(pending.began, now) < stall && lag.worst(pending.began - settling, now) < stall_before)
    violations.add("liveness", ms_text(age(pending.began)) + " after the start nothing is broken, but " +
                                   std::string(error->what()));
  return outcome;
}

void Run::wrong_reply(const PendingCall& pending, std::string_view expected, std::string_view received) {
  violations.add("I6", std::string(to_string(pending.kind)) + " got `" + std::string(received.substr(0, 80)) +
                           "` instead of `" + std::string(expected.substr(0, 80)) + "`, " + ms_text(age()) +
                           " after the start" + write_bytes(expected, received));
  stop = true;  // later findings are meaningless
}

// The first time to a file beside the JSON, otherwise to this output. Returns text that names the place.
std::string Run::write_bytes(std::string_view request, std::string_view reply) {
  if (wrote_bytes_.exchange(true)) return {};
  const std::string bytes = recorder.about(request, reply.substr(0, 80));
  if (bytes.empty()) return "; the bytes are no longer known";
  const auto path = std::filesystem::path(options_.json)
                        .replace_filename("redstart_soak-" + std::to_string(options_.seed) + ".wire");
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  return file.flush() ? "; the bytes of its connection are in " + path.string()
                      : "; can't write " + path.string();
}

void Run::scan(std::string_view where, std::string_view text) {
  if (text.find(secret_) != std::string_view::npos)
    violations.add("I17", "the password appears in " + std::string(where));
}

std::uint64_t Run::completed(Outcome outcome) const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t kind = 0; kind < kinds; ++kind) sum += completed(static_cast<Kind>(kind), outcome);
  return sum;
}

std::uint64_t Run::completed() const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t outcome = 0; outcome < outcomes; ++outcome)
    sum += completed(static_cast<Outcome>(outcome));
  return sum;
}

}  // namespace redstart::soak
