// SPDX-License-Identifier: Apache-2.0
// diagnosis.hpp: what a service has and lacks, database by database.
#pragma once

#include <redstart/core/error.hpp>
#include <redstart/observe/server_identity.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0 {

/// The state of one database, as a diagnosis found it.
enum class DatabaseFinding : std::uint8_t {
  ready,        ///< It serves commands.
  faulty,       ///< It can't serve commands now; `DatabaseDiagnosis::problem` has the reason.
  not_checked,  ///< Not connected: it is optional, and connects when it is used.
};

[[nodiscard]] constexpr std::string_view to_string(DatabaseFinding finding) noexcept {
  switch (finding) {
    case DatabaseFinding::ready: return "ready";
    case DatabaseFinding::faulty: return "faulty";
    case DatabaseFinding::not_checked: return "not_checked";
  }
  return "unknown";
}

/// One database of a `Diagnosis`. Contains no secret.
struct DatabaseDiagnosis {
  std::string name{};
  std::string endpoint{};           ///< `host:port` or the path of the Unix socket.
  int number = 0;                   ///< As SELECT takes it.
  bool authenticates = false;       ///< Connections send a password.
  std::string username{};           ///< ACL user; empty: the default user, or credentials of a provider.
  bool tls = false;                 ///< Connections use TLS.
  bool required = false;            ///< The service can't work without it.
  std::size_t max_connections = 0;  ///< Limit of open connections.

  DatabaseFinding finding = DatabaseFinding::not_checked;
  /// The server, as far as it has reported that.
  ServerIdentity server{};
  /// Why it is faulty; empty otherwise.
  std::optional<Error> problem{};
  /// The effect on the service without it: `DatabaseConfig::impact`, or a default for the predefined names.
  std::string impact{};
  /// Observations that are no faults, as of `ConnectionReport::notes`.
  std::vector<std::string> notes{};

  /// The steps to take against the problem, in this order; empty without one. The last step is the entry of
  /// the runbook.
  [[nodiscard]] std::vector<std::string> remedies() const;
};

/// The databases of a service: what is configured, what can be reached, and what to do about the rest.
/// `RedisConnectionManager::start` and `diagnose` return it.
///
///     std::cerr << redis.start(RedisConfigLoader{}.load()).explain() << '\n';
struct Diagnosis {
  std::string service{};      ///< `RedisConfig::service`.
  std::string environment{};  ///< `RedisConfig::environment`.
  std::chrono::nanoseconds took{0};
  /// The configured databases, by name.
  std::vector<DatabaseDiagnosis> databases{};

  /// True if no database is faulty.
  [[nodiscard]] bool ok() const noexcept;
  /// True if no required database is faulty: the service can do its work.
  [[nodiscard]] bool can_serve() const noexcept;
  /// The diagnosis as text for a terminal or a log: faulty databases first, each with its impact and the
  /// steps to take.
  [[nodiscard]] std::string explain() const;
};

/// The start was refused because a required database is not ready: see `StartMode::complete`. The code and
/// the advice are those of the first such database.
class StartError : public Unavailable {
 public:
  /// Precondition: a required database of `diagnosis` is faulty.
  explicit StartError(Diagnosis diagnosis);

  [[nodiscard]] const Diagnosis& diagnosis() const noexcept { return *diagnosis_; }

 private:
  std::shared_ptr<const Diagnosis> diagnosis_;
};

}  // namespace redstart::inline v0
