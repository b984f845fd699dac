// SPDX-License-Identifier: Apache-2.0
// config_faults.hpp: checks the settings of the HTTP server.
#pragma once

#include <redstart/core/error.hpp>
#include <redstart/http/http_config.hpp>

#include <string>
#include <vector>

namespace redstart::inline v0::http {

/// Returns every fault; the configuration can be used if there is none.
[[nodiscard]] std::vector<ConfigFault> faults_of(const HttpConfig& config);

/// Address and port as one text: `127.0.0.1:8080`, `[::1]:8080`.
[[nodiscard]] std::string place_of(const HttpConfig& config);

}  // namespace redstart::inline v0::http
