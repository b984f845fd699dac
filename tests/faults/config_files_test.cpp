// SPDX-License-Identifier: Apache-2.0
// config_files_test.cpp: fault 87, configuration files that others may read or write, links and unknown keys.
#include "support/temporary_folder.hpp"

#include <redstart/config/loader.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>
#include <string>

namespace redstart {
namespace {

using test::TemporaryFolder;
using ::testing::HasSubstr;

ConfigExplanation explanation_of(const std::string& file) {
  return RedisConfigLoader{}.environment({}).file(file).explain();
}

TEST(Fault87ConfigFiles, ThatEveryUserMayReadAreReportedWhenTheyHoldASecret) {
  const TemporaryFolder folder;
  const auto with_secret = explanation_of(folder.write("a.yaml", "defaults: {password: s3cret}", 0644));
  EXPECT_TRUE(with_secret.faults.empty());
  ASSERT_EQ(with_secret.notices.size(), 1U);
  EXPECT_EQ(with_secret.notices[0].where, folder.path("a.yaml"));
  EXPECT_THAT(with_secret.notices[0].what, HasSubstr("may be read by every user"));
  const auto with_url = explanation_of(folder.write("b.yaml", "defaults: {url: 'redis://:s3cret@h'}", 0644));
  EXPECT_EQ(with_url.notices.size(), 1U);
  EXPECT_TRUE(explanation_of(folder.write("c.yaml", "defaults: {host: h}", 0644)).notices.empty());
  EXPECT_TRUE(explanation_of(folder.write("d.yaml", "defaults: {password: s3cret}", 0640)).notices.empty());
}

TEST(Fault87ConfigFiles, ThatOthersMayWriteAreRefusedWhenTheyHoldASecret) {
  const TemporaryFolder folder;
  const std::string file = folder.write("a.yaml", "defaults: {password: s3cret}", 0660);
  EXPECT_THROW(static_cast<void>(RedisConfigLoader{}.environment({}).file(file).load()), ConfigError);
  EXPECT_TRUE(explanation_of(folder.write("b.yaml", "defaults: {host: h}", 0664)).faults.empty());
}

TEST(Fault87ConfigFiles, AreReadThroughLinksAndCheckedAtTheTarget) {
  const TemporaryFolder folder;
  folder.write("target.yaml", "defaults: {password: s3cret}", 0600);
  ASSERT_EQ(::symlink("target.yaml", folder.path("link.yaml").c_str()), 0);
  const auto explanation = explanation_of(folder.path("link.yaml"));
  EXPECT_TRUE(explanation.faults.empty());
  EXPECT_TRUE(explanation.notices.empty()) << "the rights of the link itself don't count";
}

TEST(Fault87ConfigFiles, WithAnUnknownKeyAreRefusedWithItsPlace) {
  const TemporaryFolder folder;
  const auto explanation = explanation_of(folder.write("a.yaml", "defaults:\n  pasword: s3cret\n"));
  ASSERT_EQ(explanation.faults.size(), 1U);
  EXPECT_EQ(explanation.faults[0].where, folder.path("a.yaml") + ":2:3 (defaults.pasword)");
  EXPECT_THAT(explanation.faults[0].remedy, HasSubstr("did you mean password?"));
}

}  // namespace
}  // namespace redstart
