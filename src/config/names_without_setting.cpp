// SPDX-License-Identifier: Apache-2.0
// names_without_setting.cpp: names of later and of former settings.
#include "keys.hpp"

namespace redstart::inline v0::detail {

namespace {

constexpr std::string_view reserved[] = {"topology",  "seeds", "sentinel",  "cluster",
                                         "read_from", "zone",  "key_prefix"};

constexpr Deprecated deprecated[] = {
    {"REDIS_DATA_DIR", "",
     "remove it: the library starts no server, so the server's own configuration has its directory"},
    {"REDIS_STARTUP_TIMEOUT", "",
     "remove it, and set REDIS__START_TIMEOUT if start() should wait longer or shorter"},
    {"MANAGE_REDIS_LIFECYCLE", "",
     "remove it: the library starts and stops no server; a service manager does"},
    {"REDIS__DECODE_RESPONSES", "decode_responses",
     "remove it: the type that a call requests decides how a reply is decoded"},
};

}  // namespace

std::span<const std::string_view> reserved_names() noexcept { return reserved; }

std::span<const Deprecated> deprecated_settings() noexcept { return deprecated; }

}  // namespace redstart::inline v0::detail
