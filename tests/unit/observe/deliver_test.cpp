// SPDX-License-Identifier: Apache-2.0
// deliver_test.cpp: escaping and shortening of event texts.
#include "observe/deliver.hpp"

#include <redstart/core/peer_text.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace redstart {
namespace {

class Last final : public EventListener {
 public:
  void on_event(const Event& event) noexcept override {
    kind = event.kind;
    database = event.database;
    endpoint = event.endpoint;
    detail = event.detail;
    others = {std::string(event.operation), std::string(event.reason),
              std::string(event.remedy),    std::string(event.from),
              std::string(event.to),        std::string(event.source),
              std::string(event.primary),   std::string(event.settings ? event.settings->host : "")};
  }
  EventKind kind = EventKind::loading;
  std::string database{};
  std::string endpoint{};
  std::string detail{};
  std::vector<std::string> others{};
};

TEST(Deliver, KeepsPrintableTexts) {
  Last last;
  deliver(last, {EventKind::retrying, "main", "localhost:6379", "GET: attempt 2"});
  EXPECT_EQ(last.kind, EventKind::retrying);
  EXPECT_EQ(last.database, "main");
  EXPECT_EQ(last.endpoint, "localhost:6379");
  EXPECT_EQ(last.detail, "GET: attempt 2");
}

TEST(Deliver, EscapesAndShortensOtherTexts) {
  Last last;
  deliver(last, {EventKind::retrying, "ma\nin", "\x1b[2J", std::string(100'000, '\xff')});
  EXPECT_EQ(last.database, "ma\\nin");
  EXPECT_EQ(last.endpoint, "\\x1b[2J");
  EXPECT_TRUE(is_presentable(last.detail, 3584));
  EXPECT_TRUE(last.detail.ends_with(" more bytes)")) << last.detail;
}

TEST(Deliver, EscapesEachField) {
  constexpr std::string_view hostile = "a\nb\xff";
  Event event{.kind = EventKind::retrying, .operation = hostile, .reason = hostile, .remedy = hostile};
  event.from = event.to = event.source = event.primary = hostile;
  event.settings = EventSettings{.host = hostile};
  Last last;
  deliver(last, event);
  EXPECT_EQ(last.others, std::vector<std::string>(8, "a\\nb\\xff"));
}

}  // namespace
}  // namespace redstart
