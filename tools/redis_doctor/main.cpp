// SPDX-License-Identifier: Apache-2.0
// main.cpp: redis_doctor: checks a configuration and its servers step by step.
#include "examiner.hpp"
#include "json_report.hpp"
#include "options.hpp"
#include "text_report.hpp"

#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <iostream>

namespace doctor = redstart::doctor;

int main(int argc, char** argv) try {
  const doctor::CommandLine line = doctor::read_command_line(argc, argv);
  if (line.exit) {
    (*line.exit == doctor::ExitCode::ok ? std::cout : std::cerr) << line.message;
    return *line.exit;
  }
  const doctor::Options& options = line.options;
  const doctor::Report report = doctor::examine(options);
  const bool coloured = doctor::is_coloured(options.colour, ::isatty(STDOUT_FILENO) == 1,
                                            std::getenv("NO_COLOR"), std::getenv("TERM"));
  std::cout << (options.json ? doctor::json_of(report) + "\n"
                             : doctor::text_of(report, {coloured, options.quiet}))
            << std::flush;
  return doctor::exit_code(report);
} catch (const doctor::UnknownDatabase& error) {
  std::cerr << "redis_doctor: " << error.what() << '\n';
  return doctor::ExitCode::usage;
} catch (const std::exception& error) {
  std::cerr << "redis_doctor: " << error.what() << '\n';
  return doctor::ExitCode::fault;
}
