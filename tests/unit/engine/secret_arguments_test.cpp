// SPDX-License-Identifier: Apache-2.0
// secret_arguments_test.cpp: which arguments of which commands are secrets.
#include "engine/secret_arguments.hpp"

#include <redstart/resp/writer.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Words = std::vector<std::string_view>;

std::string encoded(const Words& words) {
  resp::Buffer bytes;
  resp::Writer writer(bytes);
  writer.array(words.size());
  for (const std::string_view word : words) writer.bulk(word);
  return std::string(bytes.view());
}

std::vector<std::string> secrets(const Words& words) {
  const std::string bytes = encoded(words);
  const std::vector<std::string_view> found = secret_arguments(bytes);
  return {found.begin(), found.end()};
}

TEST(SecretArguments, AreEmptyForOrdinaryCommands) {
  EXPECT_THAT(secrets({"GET", "auth"}), IsEmpty());
  EXPECT_THAT(secrets({"SET", "requirepass", "x"}), IsEmpty());
  EXPECT_THAT(secrets({"CONFIG", "SET", "maxmemory", "1gb"}), IsEmpty());
  EXPECT_THAT(secrets({"CLIENT", "SETNAME", "web"}), IsEmpty());
  EXPECT_THAT(secrets({"REPLICAOF", "host", "6379"}), IsEmpty());
  EXPECT_THAT(secrets({"ACL", "GETUSER", "app"}), IsEmpty());
  EXPECT_THAT(secrets({"MIGRATE", "host", "6379", "k", "0", "10"}), IsEmpty());
  EXPECT_THAT(secret_arguments(std::string_view()), IsEmpty());
}

TEST(SecretArguments, IncludeArgumentsOfAuthAndHello) {
  EXPECT_THAT(secrets({"auth", "pw"}), ElementsAre("pw"));
  EXPECT_THAT(secrets({"AUTH", "app", "pw"}), ElementsAre("app", "pw"));
  EXPECT_THAT(secrets({"AUTH", "default", "pw"}), ElementsAre("pw"));
  EXPECT_THAT(secrets({"HELLO", "3", "auth", "default", "pw", "SETNAME", "web"}), ElementsAre("pw", "web"));
}

TEST(SecretArguments, IncludePasswordsOfAclSetuser) {
  EXPECT_THAT(secrets({"ACL", "setuser", "app", "on", ">one", "<two", "+@all", "~*", "#0af", "!0af"}),
              ElementsAre("one", "two", "0af", "0af"));
  EXPECT_THAT(secrets({"ACL", "SETUSER", "app", "forgot-the-sign"}), ElementsAre("forgot-the-sign"));
}

TEST(SecretArguments, IncludePasswordsOfMigrate) {
  EXPECT_THAT(secrets({"MIGRATE", "h", "1", "", "0", "9", "AUTH", "pw", "KEYS", "a"}), ElementsAre("pw"));
  EXPECT_THAT(secrets({"MIGRATE", "h", "1", "", "0", "9", "auth2", "app", "pw"}), ElementsAre("app", "pw"));
  EXPECT_THAT(secrets({"MIGRATE", "h", "1", "", "0", "9", "AUTH"}), IsEmpty());
}

TEST(SecretArguments, IncludeValuesOfPasswordSettings) {
  EXPECT_THAT(secrets({"CONFIG", "SET", "requirepass", "pw"}), ElementsAre("pw"));
  EXPECT_THAT(secrets({"CONFIG", "SET", "pw", "MasterAuth"}), ElementsAre("pw"));
  EXPECT_THAT(secrets({"CONFIG", "SET", "tls-key-file-pass", "pw"}), ElementsAre("pw"));
  EXPECT_THAT(secrets({"CONFIG", "SET", "requirepass", "my-password"}), ElementsAre("my-password"));
  EXPECT_THAT(secrets({"CONFIG", "SET", "requirepass", "Pass w0rd"}), ElementsAre("Pass w0rd"));
  EXPECT_THAT(secrets({"SENTINEL", "SET", "main", "auth-pass", "pw"}), ElementsAre("main", "pw"));
}

TEST(SecretArguments, IncludeExternalArguments) {
  const std::string large(100, 'p');
  resp::Buffer bytes;
  std::vector<resp::External> external;
  resp::Writer writer(bytes, external, 50);
  writer.array(3);
  writer.bulk("AUTH");
  writer.bulk("app");
  writer.bulk(large);
  EXPECT_THAT(secret_arguments(Outgoing{bytes.view(), external}), ElementsAre("app", large));
}

TEST(SecretArguments, TolerateTruncatedBytes) {
  const std::string all = encoded({"AUTH", "app", "password"});
  for (std::size_t size = 0; size != all.size(); ++size)
    EXPECT_LE(secret_arguments(std::string_view(all).substr(0, size)).size(), 2U);
}

TEST(SkipCommands, FindsNextCommand) {
  const std::string first = encoded({"GET", "k"});
  const std::string second = encoded({"AUTH", "pw"});
  const std::string all = first + second + first;
  EXPECT_EQ(skip_commands(all, 0), all);
  EXPECT_EQ(skip_commands(all, 1), second + first);
  EXPECT_EQ(skip_commands(all, 2), first);
  EXPECT_EQ(skip_commands(all, 3), "");
  EXPECT_EQ(skip_commands(all, 4), "");
}

}  // namespace
}  // namespace redstart::inline v0::engine
