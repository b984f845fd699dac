// SPDX-License-Identifier: Apache-2.0
// config_documents.hpp: the documents that are generated from the table of settings.
#pragma once

#include <string>

namespace redstart::test {

/// The tables of docs/configuration.md, between the lines `<!-- keys: begin -->` and `<!-- keys: end -->`.
[[nodiscard]] std::string configuration_tables();
/// `.env.example`.
[[nodiscard]] std::string environment_example();
/// `docs/redis-databases.schema.json`, JSON Schema 2020-12.
[[nodiscard]] std::string json_schema();

}  // namespace redstart::test
