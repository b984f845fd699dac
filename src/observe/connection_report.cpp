// SPDX-License-Identifier: Apache-2.0
// connection_report.cpp: a connection report as text.
#include <redstart/core/peer_text.hpp>
#include <redstart/observe/connection_report.hpp>

#include <string_view>

namespace redstart::inline v0 {

namespace {

std::string in_milliseconds(std::chrono::nanoseconds time) {
  const auto hundredths = time.count() / 10'000;
  const std::string fraction = std::to_string(100 + hundredths % 100);
  return std::to_string(hundredths / 100) + "." + fraction.substr(1) + " ms";
}

void line(std::string& text, std::string_view label, std::string_view value) {
  text += "\n  ";
  text += label;
  text += value;
}

std::string out_of(std::uint64_t used, std::uint64_t maximum) {
  return maximum == 0 ? std::to_string(used) : std::to_string(used) + " of " + std::to_string(maximum);
}

}  // namespace

std::string ConnectionReport::explain() const {
  std::string text = peer_text(database) + " (" + peer_text(endpoint) + "): " +
                     (!ok()           ? "faulty"
                      : notes.empty() ? "no problem found"
                                      : "no problem found with the server; see the notes");
  const auto word = [](bool yes) { return yes ? "yes" : "no"; };
  line(text, "reachable ", word(reachable));
  line(text, "ready     ", word(ready));
  line(text, "writable  ", writable ? word(*writable) : "unknown");
  line(text, "took      ",
       in_milliseconds(connecting) + " to connect, " + in_milliseconds(ping) + " for a PING");
  if (!server.version.empty()) {
    line(text, "server    ",
         server.product + " " + server.version + ", " + server.mode + ", " + server.role + " with " +
             std::to_string(server.replicas) + " replicas, up " + std::to_string(server.uptime.count()) +
             " s" + (server.availability_zone.empty() ? "" : ", zone " + server.availability_zone));
    line(text, "clients   ", out_of(server.clients, server.maximum_clients));
    line(text, "memory    ",
         out_of(server.memory, server.maximum_memory) + " bytes" +
             (server.memory_policy.empty() ? "" : ", policy " + server.memory_policy) + ", " +
             std::to_string(server.evicted_keys) + " keys evicted");
  }
  for (const std::string& note : notes) line(text, "note      ", note);
  if (problem) {
    text += '\n';
    text += problem->explain();
  }
  return text;
}

}  // namespace redstart::inline v0
