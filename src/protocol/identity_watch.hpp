// SPDX-License-Identifier: Apache-2.0
// identity_watch.hpp: notices that another server process answers.
#pragma once

#include "server_identity.hpp"

#include <redstart/core/clock.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace redstart::inline v0::protocol {

/// Keeps the identity of one server, and notices that an address leads to another server process.
///
/// The connections of one process have ascending numbers. A connection that was started after another one had
/// been greeted, and has a smaller number, belongs to another process: the server was restarted, or another
/// server took its place. A restart is missed if other clients have opened more connections since then than
/// there had been before it.
///
/// Thread safety: none.
class IdentityWatch {
 public:
  /// A connection that was started at `began` was greeted at `now`. Returns what differs from before, as
  /// text; empty if nothing is known to differ.
  [[nodiscard]] std::string greeted(const Greeting& greeting, TimePoint began, TimePoint now) {
    if (greeting.id == 0) {
      info_received(greeting.server);
      return {};
    }
    std::string change;
    if (greeted_.id != 0) {
      const ServerIdentity& before = greeted_.server;
      const ServerIdentity& after = greeting.server;
      if (began >= since_ && greeting.id <= greeted_.id)
        add(change, "connection number", std::to_string(greeted_.id), std::to_string(greeting.id));
      add(change, "product", before.product, after.product);
      add(change, "version", before.version, after.version);
      add(change, "role", before.role, after.role);
      add(change, "mode", before.mode, after.mode);
      add(change, "availability zone", before.availability_zone, after.availability_zone);
    }
    if (change.empty() && greeting.id <= greeted_.id) return change;
    if (!change.empty()) known_ = {};
    if (!change.empty() || greeted_.id == 0) info_received(greeting.server);
    greeted_ = greeting;
    since_ = now;
    return change;
  }

  /// Adds what a reply of the server reports, as that to INFO.
  void info_received(const ServerIdentity& info) {
    for (std::string ServerIdentity::*const field :
         {&ServerIdentity::product, &ServerIdentity::version, &ServerIdentity::mode, &ServerIdentity::role,
          &ServerIdentity::availability_zone, &ServerIdentity::run_id})
      if (!(info.*field).empty()) known_.*field = info.*field;
  }

  [[nodiscard]] const ServerIdentity& known() const noexcept { return known_; }

 private:
  static void add(std::string& change, std::string_view what, const std::string& before,
                  const std::string& after) {
    if (before == after) return;
    if (!change.empty()) change += ", ";
    change.append(what).append(" ").append(before.empty() ? "unknown" : before);
    change.append(" -> ").append(after.empty() ? "unknown" : after);
  }

  ServerIdentity known_{};
  Greeting greeted_{};  // with the largest connection number of this process
  TimePoint since_{};   // when that connection was greeted
};

}  // namespace redstart::inline v0::protocol
