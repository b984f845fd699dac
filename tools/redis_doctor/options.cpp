// SPDX-License-Identifier: Apache-2.0
// options.cpp: reads the command line of redis_doctor.
#include "options.hpp"

#include "report.hpp"

#include <redstart/core/version.hpp>

#include <CLI/CLI.hpp>

#include <map>
#include <string_view>

namespace redstart::doctor {

namespace {

constexpr const char* description =
    "Checks the Redis configuration of a service and the servers that it names, step by step: name, "
    "connection, "
    "TLS, handshake, authentication, loading, role, latency, memory, clients, evictions. Shows what to do "
    "about "
    "each problem. Changes nothing on the servers.";
constexpr const char* footer =
    "Exit code: 0 no problem, 1 warnings only, 2 a fault, 3 faults of the configuration, 64 wrong usage.\n"
    "Without --config and --url, the configuration is the one that a service would get here: environment, "
    "REDIS_CONFIG_FILE, the usual places.";

void define(CLI::App& app, Options& options, double& seconds) {
  const std::map<std::string, Colour> colours{
      {"auto", Colour::automatic}, {"always", Colour::always}, {"never", Colour::never}};
  const CLI::Validator given(
      [](const std::string& value) { return std::string(value.empty() ? "is empty" : ""); }, "");
  auto* const file =
      app.add_option("-c,--config", options.config_file, "Configuration file")->option_text("FILE");
  file->check(given);
  auto* const databases =
      app.add_option("-d,--database", options.databases, "Database to check; repeatable. Default: all")
          ->allow_extra_args(false)
          ->option_text("NAME");
  app.add_option(
         "-u,--url", options.url,
         "Check this server alone, without any other configuration. Other users of this machine can see a "
         "password in it: prefer REDIS_URL")
      ->option_text("URL")
      ->check(given)
      ->excludes(file)
      ->excludes(databases);
  app.add_option("-t,--timeout", seconds,
                 "Limit for the connection of each database, and for each PING. Default: 5")
      ->option_text("SECONDS")
      ->check(CLI::Range(0.001, 3600.0));
  app.add_option("-n,--samples", options.samples, "PINGs for the latency; 0: none. Default: 20")
      ->option_text("N")
      ->check(CLI::Range(0, 100'000));
  app.add_flag("--json", options.json, "Print one JSON object");
  app.add_flag("-q,--quiet", options.quiet, "Print only what needs attention");
  app.add_option("--color", options.colour,
                 "Colours: auto (on a terminal, unless NO_COLOR is set), always, never")
      ->transform(CLI::CheckedTransformer(colours).description(""))
      ->option_text("WHEN");
  app.set_version_flag("--version", "redis_doctor " + std::string(version()));
  app.footer(footer);
}

// Messages of CLI11 repeat arguments, and one of those may be a URL with a password.
std::string fault_of(const CLI::ParseError& error) {
  std::string text = error.what();
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr)
    text = "unexpected argument; a URL follows --url, a file --config";
  else if (text.find("://") != std::string::npos)
    text = "an option has a URL as its value; a URL follows --url";
  return "redis_doctor: " + text + "\nredis_doctor --help lists the options\n";
}

}  // namespace

CommandLine read_command_line(int argc, const char* const* argv) {
  CommandLine result;
  CLI::App app{description, "redis_doctor"};
  double seconds = 5;
  define(app, result.options, seconds);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    result.message = app.help();
    result.exit = ExitCode::ok;
  } catch (const CLI::CallForVersion& version) {
    result.message = std::string(version.what()) + "\n";
    result.exit = ExitCode::ok;
  } catch (const CLI::ParseError& error) {
    result.message = fault_of(error);
    result.exit = ExitCode::usage;
  }
  result.options.timeout =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::duration<double>(seconds));
  return result;
}

bool is_coloured(Colour colour, bool terminal, const char* no_color, const char* term) noexcept {
  if (colour != Colour::automatic) return colour == Colour::always;
  const bool refused = no_color != nullptr && *no_color != '\0';
  return terminal && !refused && (term == nullptr || std::string_view(term) != "dumb");
}

}  // namespace redstart::doctor
