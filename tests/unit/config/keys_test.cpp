// SPDX-License-Identifier: Apache-2.0
// keys_test.cpp: each key of the table is accepted in every form that the table states.
#include "config/keys.hpp"

#include "loading.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace redstart {
namespace {

using detail::Key;
using detail::Kind;
using detail::Scope;
using test::explained;
using test::isolated;
using test::lines_of;

// A valid value that is not the default.
std::string sample(const Key& key) {
  switch (key.kind) {
    case Kind::text: return key.name == "environment" ? "staging" : "sample";
    case Kind::path: return "/run/sample";
    case Kind::secret: return "s4mple";
    case Kind::flag: return detail::default_text(key) == "true" ? "false" : "true";
    case Kind::integer: return "7";
    case Kind::size: return "9KiB";
    case Kind::real: return key.most == 1 ? "0.75" : "1.5";
    case Kind::duration:
      return key.name == "keepalive.idle" || key.name == "keepalive.interval" ? "7s" : "400ms";
    case Kind::choice:
      return std::string(detail::default_text(key) == key.choices.back() ? key.choices.front()
                                                                         : key.choices.back());
  }
  return {};
}

// Keys whose value is a file that must exist, or the whole of several others: they have tests of their own.
bool is_special(const Key& key) {
  return key.name == "url" || key.name == "password_file" || key.name == "tls.key_password_file" ||
         key.name == "registry.file" || key.name == "service_name" || key.name == "registry.kubernetes";
}

std::string shown(const Key& key) { return key.secret() ? "(secret)" : sample(key); }

std::string section_of(const Key& key) { return key.scope == Scope::manager ? "" : "main"; }

// The key alone may contradict other settings, such as a certificate without its key.
void expect_accepted(const RedisConfigLoader& loader, const Key& key, const std::string& layer,
                     const std::string& database) {
  const ConfigExplanation explanation = loader.explain();
  for (const ConfigFault& fault : explanation.faults) {
    EXPECT_THAT(fault.what,
                ::testing::AnyOf(::testing::HasSubstr("without a"), ::testing::HasSubstr("goes from")))
        << key.name << " " << lines_of(explanation.faults);
  }
  const ExplainedValue value = explained(explanation, database, key.name);
  EXPECT_EQ(value.value, shown(key)) << key.name;
  EXPECT_EQ(value.layer, layer) << key.name;
}

TEST(ConfigKeys, HaveUniqueNamesAndVariables) {
  std::set<std::string> seen;
  for (const Key& key : detail::keys()) {
    std::vector<std::string> names{std::string(key.name), detail::nested_variable(key.name)};
    if (!key.alias.empty())
      names.insert(names.end(), {std::string(key.alias), detail::nested_variable(key.alias)});
    for (const std::string_view flat : detail::flat_variables(key)) names.emplace_back(flat);
    for (const std::string& name : names) EXPECT_TRUE(seen.insert(name).second) << name;
    EXPECT_FALSE(key.help.empty()) << key.name;
    EXPECT_TRUE(key.help.ends_with('.')) << key.name;
    EXPECT_EQ(detail::find_key(key.name), &key);
    EXPECT_FALSE(detail::is_reserved(key.name)) << key.name;
  }
  EXPECT_GT(detail::keys().size(), 75U);
}

TEST(ConfigKeys, HaveDefaultsInTheirRange) {
  for (const Key& key : detail::keys()) {
    if (key.access.set == nullptr || !key.unset.empty()) continue;
    const auto wrong = detail::fault_of_value(key, detail::default_text(key));
    EXPECT_FALSE(wrong.has_value()) << key.name << " " << wrong->what;
  }
}

TEST(ConfigKeys, AreAcceptedInFiles) {
  const test::TemporaryFolder folder;
  std::string yaml;
  std::string manager;
  for (const Key& key : detail::keys()) {
    if (is_special(key)) continue;
    SCOPED_TRACE(key.name);
    for (const bool json : {false, true}) {
      const std::string name(key.name);
      const std::string value = sample(key);
      const std::string line = json ? "\"" + name + "\": \"" + value + "\"" : name + ": " + value;
      const bool of_manager = key.scope == Scope::manager;
      const std::string file = folder.write(
          json ? "a.json" : "a.yaml",
          of_manager ? (json ? "{" + line + "}" : line + "\n")
                     : (json ? "{\"defaults\": {" + line + "}}" : "defaults:\n  " + line + "\n"));
      expect_accepted(isolated().file(file), key, "file", section_of(key));
    }
  }
}

TEST(ConfigKeys, AreAcceptedAsNestedVariables) {
  for (const Key& key : detail::keys()) {
    if (is_special(key)) continue;
    expect_accepted(isolated({{detail::nested_variable(key.name), sample(key)}}), key, "environment",
                    section_of(key));
    if (key.scope == Scope::manager) continue;
    expect_accepted(isolated({{detail::nested_variable(key.name, "jobs"), sample(key)}}), key, "environment",
                    "jobs");
    if (!key.alias.empty())
      expect_accepted(isolated({{detail::nested_variable(key.alias), sample(key)}}), key, "environment",
                      "main");
  }
}

TEST(ConfigKeys, AreAcceptedAsFlatVariables) {
  for (const Key& key : detail::keys()) {
    if (is_special(key)) continue;
    for (const std::string_view variable : detail::flat_variables(key))
      expect_accepted(isolated({{std::string(variable), sample(key)}}), key, "environment", section_of(key));
  }
}

TEST(ConfigKeys, AreAcceptedAsOptionsOfUrls) {
  int tested = 0;
  for (const Key& key : detail::keys()) {
    if (key.url_option.empty()) continue;
    const std::string base = key.name.starts_with("tls.") ? "rediss://h?" : "redis+unix:///run/redis.sock?";
    expect_accepted(isolated({{"REDIS_URL", base + std::string(key.url_option) + "=" + sample(key)}}), key,
                    "environment", "main");
    ++tested;
  }
  EXPECT_EQ(tested, 8);
}

TEST(ConfigKeys, AreAcceptedInCode) {
  for (const Key& key : detail::keys()) {
    if (is_special(key)) continue;
    expect_accepted(isolated().set(key.name, sample(key)), key, "code", section_of(key));
  }
}

TEST(ConfigKeys, RejectValuesBeyondTheirRangeWithTheRange) {
  for (const Key& key : detail::keys()) {
    if (key.kind != Kind::integer && key.kind != Kind::duration && key.kind != Kind::real) continue;
    SCOPED_TRACE(key.name);
    const std::string unit = key.kind == Kind::duration ? "ms" : "";
    if (key.least > 0) {
      const auto wrong = detail::fault_of_value(key, std::to_string(key.least - 1) + unit);
      ASSERT_TRUE(wrong.has_value());
      EXPECT_THAT(wrong->remedy, ::testing::HasSubstr(detail::range_text(key)));
    }
    if (key.most < 4'000'000'000) {
      EXPECT_TRUE(detail::fault_of_value(key, std::to_string(key.most + 1) + unit).has_value());
      EXPECT_FALSE(detail::fault_of_value(key, std::to_string(key.most) + unit).has_value());
    }
    EXPECT_TRUE(detail::fault_of_value(key, "abc").has_value());
    EXPECT_TRUE(detail::fault_of_value(key, "").has_value());
  }
}

}  // namespace
}  // namespace redstart
