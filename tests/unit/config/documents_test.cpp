// SPDX-License-Identifier: Apache-2.0
// documents_test.cpp: the committed documents equal those that the table of settings generates.
//
// With REDSTART_WRITE_DOCUMENTS=1 the tests write the documents instead.
#include "support/config_documents.hpp"

#include "loading.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>

namespace redstart {
namespace {

const std::string source_root = REDSTART_TEST_DATA_DIR "/../../";

std::string content_of(const std::string& path) {
  std::ifstream file(source_root + path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void expect_equal(const std::string& path, const std::string& generated) {
  if (std::getenv("REDSTART_WRITE_DOCUMENTS") != nullptr)
    std::ofstream(source_root + path, std::ios::binary) << generated;
  EXPECT_EQ(content_of(path), generated) << path << " differs: run this test with REDSTART_WRITE_DOCUMENTS=1";
}

TEST(ConfigDocuments, HaveTheTablesOfTheReference) {
  const std::string path = "docs/configuration.md";
  const std::string page = content_of(path);
  constexpr std::string_view begin = "<!-- keys: begin -->\n";
  constexpr std::string_view end = "<!-- keys: end -->\n";
  const std::size_t from = page.find(begin);
  const std::size_t to = page.find(end);
  ASSERT_NE(from, std::string::npos);
  ASSERT_NE(to, std::string::npos);
  expect_equal(path, page.substr(0, from + begin.size()) + "\n" + test::configuration_tables() + "\n" +
                         page.substr(to));
}

TEST(ConfigDocuments, HaveTheExampleOfTheEnvironment) {
  expect_equal(".env.example", test::environment_example());
}

TEST(ConfigDocuments, HaveTheSchemaOfTheFile) {
  expect_equal("docs/redis-databases.schema.json", test::json_schema());
}

// Each line of the example, taken on its own, is accepted where its value is no placeholder.
TEST(ConfigDocuments, HaveAnExampleThatTheLoaderAccepts) {
  std::istringstream lines(test::environment_example());
  int tested = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# ") || line.empty()) continue;
    if (line.starts_with('#')) line.erase(0, 1);
    const std::size_t equals = line.find('=');
    ASSERT_NE(equals, std::string::npos) << line;
    const std::string name = line.substr(0, equals);
    const std::string value = line.substr(equals + 1);
    if (value.find('<') != std::string::npos || value.starts_with('/') || value.ends_with("production") ||
        name == "REDIS__SERVICE_NAME")
      continue;
    EXPECT_EQ(test::lines_of(test::faults_of(test::isolated({{name, value}}))), "") << line;
    ++tested;
  }
  EXPECT_GT(tested, 80);
}

}  // namespace
}  // namespace redstart
