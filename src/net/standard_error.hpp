// SPDX-License-Identifier: Apache-2.0
// standard_error.hpp: writes events to a descriptor without blocking.
#pragma once

#include <redstart/observe/state_lines.hpp>

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0::net {

/// Writes `line` and a line end to `fd`, or nothing if that would have to wait. Raises no SIGPIPE.
void write_line(int fd, std::string_view line) noexcept;

/// Writes changes of state as text lines; `standard_error_listener` returns one.
///
/// Thread safety: full.
class StandardErrorListener final : public EventListener {
 public:
  /// `fd`: the descriptor for the lines.
  explicit StandardErrorListener(int fd) noexcept : fd_(fd) {}

  void on_event(const Event& event) noexcept override;
  /// Writes the delayed lines that are due.
  void write_due() noexcept;

 private:
  template <class Decide>
  void write(Decide decide) noexcept;

  const int fd_;
  std::mutex mutex_{};
  StateLines lines_{};
};

}  // namespace redstart::inline v0::net
