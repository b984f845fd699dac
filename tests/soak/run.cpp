// SPDX-License-Identifier: Apache-2.0
// run.cpp: judges completed operations while the soak runs.
#include "run.hpp"

#include <filesystem>
#include <fstream>

namespace redstart::soak {
namespace {

using namespace std::chrono_literals;

constexpr auto grace = 250ms;  // I1: by the deadline, and that much for what has to be done then
// Of a quiet time and since all is mended, before everything has to succeed: until then somebody may wait in
// vain for a reply that got lost, 5 s by default, and take others with him.
constexpr auto settling = 7s;
// What a machine that lets threads run that late meanwhile makes of an operation, or has made of what it
// finds as it begins (waits in vain, an open circuit), says nothing against the library.
constexpr auto stall = 100ms;
constexpr auto stall_before = 500ms;

std::string in_ms(std::chrono::nanoseconds time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) + " ms";
}

}  // namespace

Outcome Run::end(const Ticket& ticket, const Error* error) {
  const auto now = Clock::now();
  const auto took = now - ticket.began;
  if (took > ticket.limit + grace) {
    // Three threads one after the other may be as late: the caller's, the I/O thread, one of proxy or server.
    const auto allowed = ticket.limit + grace + 3 * lag.worst(ticket.began, now);
    if (took > allowed)
      violations.add("I1", std::string(to_string(ticket.kind)) + " with a limit of " + in_ms(ticket.limit) +
                               " completed after " + in_ms(took) + ", " + in_ms(age(now)) +
                               " after the start; the machine's lag allows " + in_ms(allowed) +
                               (error == nullptr ? "" : std::string("; ") + error->what()));
  }
  const Outcome outcome = error == nullptr ? Outcome::ok : outcome_of(error->effect());
  counts_[static_cast<std::size_t>(ticket.kind)][static_cast<std::size_t>(outcome)].fetch_add(
      1, std::memory_order_relaxed);
  if (error == nullptr) {
    recovery.succeeded(ticket.caller, ticket.began, now);
    return outcome;
  }
  scan("an error", error->what());
  if (outcome == Outcome::pending)
    violations.add("I1", std::string("an error does not say what became of its command: ") + error->what());
  const bool on_purpose = ticket.kind == Kind::hurried || ticket.kind == Kind::cancelled;
  if (!on_purpose && is_quiet(terms, age(ticket.began), settling) && calm.held(ticket.began, settling) &&
      lag.worst(ticket.began, now) < stall && lag.worst(ticket.began - settling, now) < stall_before)
    violations.add("liveness", in_ms(age(ticket.began)) + " after the start nothing is broken, but " +
                                   std::string(error->what()));
  return outcome;
}

void Run::wrong_reply(const Ticket& ticket, std::string_view expected, std::string_view received) {
  violations.add("I6", std::string(to_string(ticket.kind)) + " got `" + std::string(received.substr(0, 80)) +
                           "` instead of `" + std::string(expected.substr(0, 80)) + "`, " + in_ms(age()) +
                           " after the start" + written_down(expected, received));
  stop = true;  // what follows says nothing any more
}

// The first time to a file beside the JSON, or here; returns words that name it.
std::string Run::written_down(std::string_view request, std::string_view reply) {
  if (wrote_down_.exchange(true)) return {};
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
    violations.add("I17", "the password stands in " + std::string(where));
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
