// SPDX-License-Identifier: Apache-2.0
// config_explain.cpp: shows the effective configuration with the source of each value.
#include <redstart/config/loader.hpp>
#include <redstart/core/error.hpp>

#include <CLI/CLI.hpp>

#include <iostream>
#include <string>

int main(int argc, char** argv) try {
  CLI::App app{
      "Shows the configuration that a service would get here: each value with its source, all faults and "
      "notices. Secrets are redacted. The exit code is 1 if there are faults."};
  std::string file;
  bool json = false;
  bool brief = false;
  app.add_option("--file", file, "configuration file; without it, the usual places are searched");
  app.add_flag("--json", json, "print JSON");
  app.add_flag("--brief", brief, "leave defaults out");
  CLI11_PARSE(app, argc, argv);

  redstart::RedisConfigLoader loader;
  if (!file.empty()) loader.file(file);
  redstart::ConfigExplanation explanation = loader.explain();
  if (brief) std::erase_if(explanation.values, [](const auto& value) { return value.layer == "default"; });
  std::cout << (json ? explanation.json() + "\n" : explanation.text());
  return explanation.faults.empty() ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << "config_explain: " << error.what() << '\n';
  return 1;
}
