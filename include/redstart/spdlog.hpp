// SPDX-License-Identifier: Apache-2.0
// spdlog.hpp: writes events as JSON lines through spdlog. Opt-in: redstart::spdlog.
#pragma once

#include <redstart/core/requirements.hpp>

#ifndef REDSTART_UNSUPPORTED

#include <redstart/core/clock.hpp>
#include <redstart/core/error.hpp>
#include <redstart/observe/event.hpp>
#include <redstart/observe/event_json.hpp>
#include <redstart/observe/line_budget.hpp>

#include <spdlog/logger.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace redstart::inline v0 {

/// Settings of a `SpdlogListener`.
struct SpdlogOptions {
  /// Limit of lines per second. Lines beyond it are dropped, and the next line has their number as
  /// `suppressed`. Lines of the levels `error` and `critical` are always written. 0: no limit.
  std::uint64_t lines_per_second = 100;
};

/// Returns the level of spdlog for events of this severity.
[[nodiscard]] constexpr spdlog::level::level_enum spdlog_level(EventLevel level) noexcept {
  switch (level) {
    case EventLevel::debug: return spdlog::level::debug;
    case EventLevel::info: return spdlog::level::info;
    case EventLevel::warning: return spdlog::level::warn;
    case EventLevel::error: return spdlog::level::err;
    case EventLevel::critical: return spdlog::level::critical;
  }
  return spdlog::level::err;
}

/// Writes each event as one JSON object on one line (`to_json`) through a logger of the service.
///
///     auto logger = spdlog::stdout_logger_mt("redis");
///     logger->set_pattern("%v");                        // the object alone
///     config.listener = std::make_shared<redstart::SpdlogListener>(logger);
///
/// The level of the logger decides which kinds are written: with `info`, spdlog's default, opened and closed
/// connections are left out. Events occur on threads that carry commands: use an asynchronous logger
/// (`spdlog::async_factory_nonblock`) if its sinks may block.
///
/// Thread safety: full if the logger's sinks are (those with `_mt`).
/// Errors: `on_event` never throws. The error handler of the logger receives exceptions of sinks; if it
/// throws itself, the line is lost.
class SpdlogListener final : public EventListener {
 public:
  /// Errors: `Errc::invalid_argument` if `logger` is null.
  explicit SpdlogListener(std::shared_ptr<spdlog::logger> logger, SpdlogOptions options = {})
      : logger_(std::move(logger)), budget_(options.lines_per_second) {
    if (logger_) return;
    ErrorInfo info;
    info.code = Errc::invalid_argument;
    info.what = "SpdlogListener: the logger is null";
    info.advice = "Pass a logger, such as spdlog::default_logger()";
    Error(std::move(info)).raise();
  }

  void on_event(const Event& event) noexcept override {
    try {
      const EventLevel severity = level_of(event);
      const spdlog::level::level_enum level = spdlog_level(severity);
      if (!logger_->should_log(level)) return;
      const auto suppressed = admit(severity);
      if (!suppressed) return;
      std::string line = to_json(event);
      if (*suppressed != 0) line.insert(line.size() - 1, ",\"suppressed\":" + std::to_string(*suppressed));
      logger_->log(level, spdlog::string_view_t(line.data(), line.size()));
    } catch (...) {  // NOLINT(bugprone-empty-catch): a line that can't be written must not end the process
    }
  }

 private:
  // Returns the number of lines to report as suppressed, or nothing if this one is.
  [[nodiscard]] std::optional<std::uint64_t> admit(EventLevel severity) {
    if (severity >= EventLevel::error) return 0;
    const std::scoped_lock lock(mutex_);
    return budget_.admit(Clock::now());
  }

  const std::shared_ptr<spdlog::logger> logger_;
  std::mutex mutex_{};
  LineBudget budget_;
};

}  // namespace redstart::inline v0

#endif
