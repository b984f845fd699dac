// SPDX-License-Identifier: Apache-2.0
// production.hpp: the demands of production on addresses and credentials.
#pragma once

#include <string_view>

namespace redstart::inline v0::detail {

/// True for `production` and `prod`, in any case.
[[nodiscard]] bool is_production(std::string_view environment);

/// True for texts that stand for a password until somebody sets one: `changeme`, `<password>`,
/// `${REDIS_PASSWORD}`.
[[nodiscard]] bool is_placeholder(std::string_view password);

}  // namespace redstart::inline v0::detail
