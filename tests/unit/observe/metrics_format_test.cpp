// SPDX-License-Identifier: Apache-2.0
// metrics_format_test.cpp: which format each header Accept means.
#include <redstart/observe/stats_text.hpp>

#include <gtest/gtest.h>

#include <string_view>

namespace redstart {
namespace {

constexpr MetricsFormat text = MetricsFormat::prometheus;
constexpr MetricsFormat open = MetricsFormat::open_metrics;

struct Row {
  std::string_view accept;
  MetricsFormat format;
};

constexpr Row rows[] = {
    {"", text},
    {"*/*", text},
    {"text/html, application/xhtml+xml, */*;q=0.8", text},
    {"text/plain", text},
    {"text/plain;version=0.0.4", text},
    // Prometheus 2.42 and 3.0.
    {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
     "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
     open},
    {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
     "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
     "text/plain;version=0.0.4;q=0.2,/;q=0.1",
     open},
    {"application/openmetrics-text", open},
    {"Application/OpenMetrics-Text ; Version=\"1.0.0\" ; Q=1", open},
    {"application/openmetrics-text; version=0.0.1", text},
    {"application/openmetrics-text; version=2.0.0, text/plain", text},
    {"application/openmetrics-text;q=0", text},
    {"application/openmetrics-text;q=0.000", text},
    {"application/openmetrics-text;q=0.2, text/plain;q=0.3", text},
    {"application/openmetrics-text;q=0.3, text/plain;q=0.299", open},
    {"application/openmetrics-text;q=x", text},
    {"application/openmetrics-text;q=0.1234", text},
    {"application/openmetrics-text;q=", text},
    {"application/openmetrics-textual", text},
    {",;,;=\",,", text},
    {";q=1", text},
};

TEST(MetricsFormat, FollowsTheHeaderAccept) {
  for (const Row& row : rows) EXPECT_EQ(metrics_format(row.accept), row.format) << row.accept;
}

TEST(MetricsFormat, HasItsContentType) {
  EXPECT_EQ(content_type(text), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(content_type(open), "application/openmetrics-text; version=1.0.0; charset=utf-8");
}

}  // namespace
}  // namespace redstart
