// SPDX-License-Identifier: Apache-2.0
// exposition_parser_test.cpp: the strict reader rejects each kind of fault.
#include "exposition_parser.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace redstart::test {
namespace {

const std::string head = "# HELP a_total Text.\n# TYPE a_total counter\n";
const std::string histogram_head = "# HELP h Text.\n# TYPE h histogram\n";

TEST(ExpositionParser, ReadsValidPages) {
  const auto families = parse_exposition(head + "a_total{x=\"1\\n\\\"\\\\\",y=\"\"} 3\na_total 4.5e+20\n");
  ASSERT_EQ(families.size(), 1U);
  EXPECT_EQ(families[0].help, "Text.");
  ASSERT_EQ(families[0].samples.size(), 2U);
  EXPECT_EQ(families[0].samples[0].labels.at("x"), "1\n\"\\");
  EXPECT_EQ(families[0].samples[1].value, 4.5e20);
}

TEST(ExpositionParser, ReadsOpenMetrics) {
  const std::string page =
      "# HELP a Text.\n# TYPE a counter\na_total 1\n# HELP b Text.\n# TYPE b info\nb_info{v=\"1\"} 1\n# "
      "EOF\n";
  EXPECT_EQ(parse_exposition(page, MetricsFormat::open_metrics).size(), 2U);
}

TEST(ExpositionParser, RejectsFaults) {
  for (const std::string& page : {
           std::string(),
           head,                                            // no sample
           head + "a_total 1",                              // the line does not end
           head + "a_total\n",                              // no value
           head + "a_total x\n",                            // no number
           head + "a_total NaN\n",                          // no number
           head + "a_total 1 2\n",                          // a time stamp
           head + "a_total -1\n",                           // a negative counter
           head + "a_total 1\na_total 2\n",                 // twice
           head + "b_total 1\n",                            // of another family
           head + "a_total{x=\"1\" 1\n",                    // labels don't end
           head + "a_total{x=\"1\",} 1\n",                  // a comma too many
           head + "a_total{x=1} 1\n",                       // no quotes
           head + "a_total{1x=\"1\"} 1\n",                  // no name
           head + "a_total{x=\"1\",x=\"2\"} 1\n",           // a label twice
           head + "a_total{x=\"\\t\"} 1\n",                 // an unknown escape
           head + "a_total{x=\"\t\"} 1\n",                  // a control character
           head + "a_total{le=\"1\"} 1\n",                  // the label of histograms
           head + "a_total 1\n" + head + "a_total 1\n",     // a family in two places
           head + "# HELP b Text.\n# TYPE b gauge\nb 1\n",  // the first one has no sample
           std::string("a_total 1\n"),                      // no heading
           std::string("# TYPE a gauge\na 1\n"),            // no HELP
           std::string("# HELP a Text.\na 1\n"),            // no TYPE
           std::string("# HELP a Text.\n# TYPE a gouge\na 1\n"),
           std::string("# HELP a Text.\n# TYPE a counter\na 1\n"),  // no suffix
           head + "a_total 1\n# EOF\n",
           histogram_head + "h_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 3\n",
           histogram_head + "h_bucket{le=\"1\"} 2\nh_sum 1\nh_count 2\n",
           histogram_head + "h_bucket{le=\"+Inf\"} 2\nh_count 2\n",
           histogram_head + "h_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n",
           histogram_head +
               "h_bucket{le=\"2\"} 1\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 2\n",
       }) {
    EXPECT_THROW(static_cast<void>(parse_exposition(page)), std::runtime_error) << page;
  }
}

TEST(ExpositionParser, RejectsFaultsOfOpenMetrics) {
  for (const std::string& page : {
           std::string("# HELP a Text.\n# TYPE a counter\na_total 1\n"),
           std::string("# HELP a Text.\n# TYPE a counter\na_total 1\n# EOF\n\n"),
           std::string("# HELP a Text.\n# TYPE a counter\na 1\n# EOF\n"),
           head + "a_total 1\n# EOF\n",
       }) {
    EXPECT_THROW(static_cast<void>(parse_exposition(page, MetricsFormat::open_metrics)), std::runtime_error)
        << page;
  }
}

}  // namespace
}  // namespace redstart::test
