// SPDX-License-Identifier: Apache-2.0
// kept_result.cpp: callbacks that keep their Result compile without warnings.
// GCC 12 warned about such an optional with -O2 -Wall.
#include <redstart/client/async_client.hpp>
#include <redstart/resp/value.hpp>

#include <cstdint>
#include <optional>
#include <string>

void keep(const redstart::AsyncClient& async, std::optional<redstart::Result<std::string>>& text,
          std::optional<redstart::Result<std::int64_t>>& number,
          std::optional<redstart::Result<redstart::Value>>& value) {
  const auto results = async.results();
  results.command<std::string>("GET",
                               "key")([&text](redstart::Result<std::string> got) { text = std::move(got); });
  results.incr("key")([&number](redstart::Result<std::int64_t> got) { number = std::move(got); });
  results.command<redstart::Value>("TIME")(
      [&value](redstart::Result<redstart::Value> got) { value = std::move(got); });
}
