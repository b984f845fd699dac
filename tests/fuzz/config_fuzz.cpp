// SPDX-License-Identifier: Apache-2.0
// config_fuzz.cpp: no file, variable or URL breaks the loader, and no fault shows a secret.
#include "config/document.hpp"
#include "config/environment.hpp"
#include "config/file.hpp"
#include "config/keys.hpp"
#include "input.hpp"

#include <redstart/config/loader.hpp>
#include <redstart/core/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace redstart;
using redstart::fuzz::Input;
using redstart::fuzz::require;

// Of no word of the library, and too long to appear by chance.
constexpr std::string_view secret = "Zq7x";

void hides_secrets(const std::vector<ConfigFault>& faults) {
  for (const ConfigFault& fault : faults) {
    require(!fault.where.empty() && !fault.what.empty());
    for (const std::string* const text : {&fault.what, &fault.remedy})
      require(text->find(secret) == std::string::npos);
  }
}

// A file, parsed and read as the loader does.
void file(std::string_view text) {
  detail::Settings settings;
  if (!detail::is_utf8(text)) return;
  const auto root = detail::parse_document(std::string(text), "f", settings);
  require(root != nullptr || !settings.faults.empty());
  if (root) detail::read_document(*root, "f", settings);
  detail::check_contradictions(settings);
  for (const ConfigFault& fault : settings.faults) require(fault.where.starts_with('f'));
  for (const detail::Setting& setting : settings.all) {
    require(setting.key != nullptr && setting.layer == detail::Layer::file);
    if (setting.valid) require(!detail::fault_of_value(*setting.key, setting.text.reveal()));
  }
}

// Variables with the text in their values, and one that it names.
void environment(std::string_view text) {
  Environment variables;
  const std::string name(text.substr(0, text.find('=')));
  if (name.find('\0') == std::string::npos) variables.emplace_back("REDIS__" + name, "1");
  const std::string value = std::string(secret) + std::string(text);
  for (const char* const each :
       {"REDIS_URL", "REDIS_HOST", "REDIS_PORT", "REDIS_DB", "REDIS_TLS", "REDIS_SOCKET_TIMEOUT",
        "REDIS_PASSWORD", "REDIS__PROTOCOL", "REDIS__RETRY_BUDGET__SHARE", "REDIS__LIMITS__BULK"})
    variables.emplace_back(each, value);
  RedisConfigLoader loader;
  loader.no_file().environment(std::move(variables));
  const ConfigExplanation explanation = loader.explain();
  hides_secrets(explanation.faults);
  hides_secrets(explanation.notices);
  require(!explanation.values.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const bool of_environment = input.below(4) == 0;
  if (of_environment)
    environment(input.rest());
  else
    file(input.rest());
  return 0;
}
