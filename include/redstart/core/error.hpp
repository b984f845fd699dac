// SPDX-License-Identifier: Apache-2.0
// error.hpp: the one error type of the library, thrown by sync calls and carried by Result.
#pragma once

#include <redstart/core/errc.hpp>

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
struct ErrorInfo {
  Errc code = Errc::invalid_argument;
  Effect effect = Effect::none;
  Remedy remedy = Remedy::none;
  std::string command{};                ///< Name of the command or batch; empty outside of one.
  std::string database{};               ///< Name of the database; empty where none is concerned.
  std::string endpoint{};               ///< `host:port` or the path of the Unix socket.
  std::string what{};                   ///< What happened, in our words.
  std::string server{};                 ///< The server's message, as `peer_text`.
  std::string advice{};                 ///< What to look at.
  std::chrono::nanoseconds elapsed{0};  ///< From the call to the failure; 0 where it says nothing.
  /// Attempts that the call has made, the one that failed so included; those that LOADING ended don't count.
  unsigned attempts = 1;
};

/// What went wrong, what became of the command, and what helps.
///
/// Cheap to copy (shared, immutable) and copying never throws. A handler that catches by type finds
/// `Unavailable`, `Timeout`, `ServerError` and `ConfigError` below; everything else is an `Error`.
class Error : public std::exception {
 public:
  /// Texts in `info` are escaped and shortened.
  explicit Error(ErrorInfo info);

  [[nodiscard]] Errc code() const noexcept { return body_->info.code; }
  [[nodiscard]] Effect effect() const noexcept { return body_->info.effect; }
  [[nodiscard]] Remedy remedy() const noexcept { return body_->info.remedy; }
  [[nodiscard]] const ErrorInfo& info() const noexcept { return body_->info; }

  /// First word of the server's answer (`WRONGTYPE`, `OOM`, …), empty when the server said nothing.
  [[nodiscard]] std::string_view server_code() const noexcept;

  /// The whole message: what was tried, where, how long it took, whether it was sent, what to look at.
  [[nodiscard]] const char* what() const noexcept override { return body_->message.c_str(); }

  /// Everything that is known, line by line: the message, the code, what became of the command, what helps,
  /// and which entry of the runbook says what to do.
  [[nodiscard]] std::string explain() const;

  /// Throws this error as the type that fits its code.
  [[noreturn]] void raise() const;

 protected:
  /// For messages of several lines. Precondition: all texts are `peer_text` but for the ends of lines.
  struct Composed {};
  Error(ErrorInfo info, Composed);

 private:
  struct Body {
    ErrorInfo info;
    std::string message;
  };
  std::shared_ptr<const Body> body_;
};

/// The database can't serve now: not reachable, not ready, shut down, or no connection free in time.
/// A web layer answers 503. `effect()` is `not_sent`.
class Unavailable : public Error {
 public:
  explicit Unavailable(const Error& error) noexcept : Error(error) {}
};

/// No (complete) reply until the deadline.
class Timeout : public Error {
 public:
  explicit Timeout(const Error& error) noexcept : Error(error) {}
};

/// The server answered with an error; `info().server` holds its words.
class ServerError : public Error {
 public:
  explicit ServerError(const Error& error) noexcept : Error(error) {}
};

/// One fault of a configuration.
struct ConfigFault {
  std::string where;   ///< Where the value came from: a field, a variable, a file and line.
  std::string what;    ///< What is wrong with it.
  std::string remedy;  ///< What would be right.
};

/// Every fault of a configuration at once.
class ConfigError : public Error {
 public:
  /// Texts in `faults` are escaped and shortened. Preconditions: `faults` is not empty.
  explicit ConfigError(std::vector<ConfigFault> faults);

  [[nodiscard]] const std::vector<ConfigFault>& faults() const noexcept { return *faults_; }

 private:
  explicit ConfigError(std::shared_ptr<const std::vector<ConfigFault>> faults);

  std::shared_ptr<const std::vector<ConfigFault>> faults_;
};

}  // namespace redstart::inline v0
