// SPDX-License-Identifier: Apache-2.0
// error.hpp: the error type of the library, thrown or in a Result.
#pragma once

#include <redstart/core/errc.hpp>
#include <redstart/core/failure.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::inline v0 {

/// The parts of an error; `Error` composes its message from them. Texts never hold secrets. In an `Error`
/// they are UTF-8 without control characters, at most 512 bytes each (`what`: 1,536); see `peer_text`.
struct ErrorInfo : Cause {
  ErrorInfo() = default;
  ErrorInfo(Cause cause) noexcept : Cause(std::move(cause)) {}

  std::string command{};                ///< Name of the command or batch; empty outside of one.
  std::string database{};               ///< Name of the database; empty where none is concerned.
  std::string endpoint{};               ///< `host:port` or the path of the Unix socket.
  std::chrono::nanoseconds elapsed{0};  ///< From the call to the failure; 0 if that is not meaningful.
  /// Attempts that the call made, including the one that failed; attempts that LOADING ended don't count.
  unsigned attempts = 1;
};

/// An error: its kind, the outcome of the command, and the action that may help.
///
/// Cheap to copy (shared, immutable); copying never throws. Handlers can catch the types `Unavailable`,
/// `Timeout`, `ServerError` and `ConfigError` below; everything else is an `Error`.
class Error : public std::exception {
 public:
  /// Texts in `info` are escaped and shortened.
  explicit Error(ErrorInfo info);

  [[nodiscard]] Errc code() const noexcept { return body_->info.code; }
  [[nodiscard]] Effect effect() const noexcept { return body_->info.effect; }
  [[nodiscard]] Remedy remedy() const noexcept { return body_->info.remedy; }
  [[nodiscard]] const ErrorInfo& info() const noexcept { return body_->info; }

  /// First word of the server's message (`WRONGTYPE`, `OOM`, …); empty without such a message.
  [[nodiscard]] std::string_view server_code() const noexcept;

  /// The whole message: what was tried, where, how long it took, whether it was sent, what to check.
  [[nodiscard]] const char* what() const noexcept override { return body_->message.c_str(); }

  /// Everything that is known, line by line: the message, the code, the outcome of the command, what helps,
  /// and the runbook entry that describes what to do.
  [[nodiscard]] std::string explain() const;

  /// Throws this error as the type that fits its code.
  [[noreturn]] void raise() const;

 protected:
  /// For messages of several lines. Precondition: apart from line ends, all texts are `peer_text`.
  struct Composed {};
  Error(ErrorInfo info, Composed);

 private:
  struct Body {
    ErrorInfo info;
    std::string message;
  };
  std::shared_ptr<const Body> body_;
};

/// The database can't serve now: not reachable, not ready, shut down, or no connection was free in time.
/// A web layer replies 503. `effect()` is `not_sent`.
class Unavailable : public Error {
 public:
  explicit Unavailable(const Error& error) noexcept : Error(error) {}
};

/// No complete reply before the deadline.
class Timeout : public Error {
 public:
  explicit Timeout(const Error& error) noexcept : Error(error) {}
};

/// The server replied with an error; `info().server` is its message.
class ServerError : public Error {
 public:
  explicit ServerError(const Error& error) noexcept : Error(error) {}
};

/// One fault of a configuration.
struct ConfigFault {
  std::string where;   ///< Where the value came from: a field, a variable, a file and line.
  std::string what;    ///< The fault.
  std::string remedy;  ///< A correct value.
};

/// Every fault of a configuration at once.
class ConfigError : public Error {
 public:
  /// Texts in `faults` are escaped and shortened. Precondition: `faults` is not empty.
  explicit ConfigError(std::vector<ConfigFault> faults);

  [[nodiscard]] const std::vector<ConfigFault>& faults() const noexcept { return *faults_; }

 private:
  explicit ConfigError(std::shared_ptr<const std::vector<ConfigFault>> faults);

  std::shared_ptr<const std::vector<ConfigFault>> faults_;
};

}  // namespace redstart::inline v0
