// SPDX-License-Identifier: Apache-2.0
// options.hpp: the command line of redis_doctor.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace redstart::doctor {

/// Whether escape sequences colour the text.
enum class Colour { automatic, always, never };

struct Options {
  std::string config_file{};             ///< Empty: the usual places are searched.
  std::vector<std::string> databases{};  ///< Empty: all.
  std::string url{};                     ///< May hold a password. Not empty: no other configuration is read.
  std::chrono::milliseconds timeout{5000};  ///< Limit of the examination of one database, and of each PING.
  std::size_t samples = 20;
  bool json = false;
  bool quiet = false;
  Colour colour = Colour::automatic;
};

/// The options, or a text to print and the exit code if the program ends here.
struct CommandLine {
  Options options{};
  std::optional<int> exit{};
  std::string message{};
};

/// Reads a command line. The message of a fault repeats no URL, because it may hold a password.
[[nodiscard]] CommandLine read_command_line(int argc, const char* const* argv);

/// Whether the text is coloured. `no_color` is the variable NO_COLOR, `term` is TERM; null: not set.
[[nodiscard]] bool is_coloured(Colour colour, bool terminal, const char* no_color, const char* term) noexcept;

}  // namespace redstart::doctor
