// SPDX-License-Identifier: Apache-2.0
// geo_test.cpp: bytes, retry categories and replies of geographic commands.
#include <gtest/gtest.h>

#include <optional>
#include <redstart/resp/decode.hpp>
#include <string>
#include <vector>

#include "capture.hpp"

namespace redstart::test {
namespace {

constexpr GeoPosition berlin{13.5, 52.5};

TEST(GeoCommandsEncoding, WritesMembersAndPlaces) {
  expect(capture.geoadd("k", "Berlin", berlin), {"GEOADD", "k", "13.5", "52.5", "Berlin"}, kLastWins);
  expect(capture.geoadd("k", 7, berlin, {.only_if = OnlyIf::absent, .count_changed = true}),
         {"GEOADD", "k", "NX", "CH", "13.5", "52.5", "7"}, kAccumulates);
  expect(capture.geoadd("k", {{"a", {1, 2}}, {"b", {-3.25, 4}}}),
         {"GEOADD", "k", "1", "2", "a", "-3.25", "4", "b"}, kLastWins);
  EXPECT_TRUE(capture.geoadd("k", std::vector<GeoMember>{}).lacks_arguments);
  expect(capture.geodist("k", "a", "b"), {"GEODIST", "k", "a", "b", "m"}, kRead);
  expect(capture.geodist("k", "a", "b", GeoUnit::mi), {"GEODIST", "k", "a", "b", "mi"}, kRead);
  expect(capture.geohash("k", "a", 2), {"GEOHASH", "k", "a", "2"}, kRead);
  expect(capture.geohash("k", {"a", "b"}), {"GEOHASH", "k", "a", "b"}, kRead);
  expect(capture.geopos("k", "a"), {"GEOPOS", "k", "a"}, kRead);
  expect(capture.geopos("k", {"a", "b"}), {"GEOPOS", "k", "a", "b"}, kRead);
}

TEST(GeoCommandsEncoding, WritesSearches) {
  expect(capture.geosearch("k", GeoCenter::member("m"), GeoCircle{2, GeoUnit::km}),
         {"GEOSEARCH", "k", "FROMMEMBER", "m", "BYRADIUS", "2", "km"}, kRead);
  expect(
      capture.geosearch("k", berlin, GeoBox{4, 3, GeoUnit::ft},
                        {.order = GeoOrder::farthest_first, .count = 5, .any_of_them = true}),
      {"GEOSEARCH", "k", "FROMLONLAT", "13.5", "52.5", "BYBOX", "4", "3", "ft", "DESC", "COUNT", "5", "ANY"},
      kRead);
  expect(capture.geosearch_with("k", {.position = true, .distance = true, .hash = true},
                                GeoCenter::member("m"), GeoCircle{2}),
         {"GEOSEARCH", "k", "FROMMEMBER", "m", "BYRADIUS", "2", "m", "WITHCOORD", "WITHDIST", "WITHHASH"});
  expect(capture.geosearchstore("to", "k", berlin, GeoCircle{1}, {.count = 2}),
         {"GEOSEARCHSTORE", "to", "k", "FROMLONLAT", "13.5", "52.5", "BYRADIUS", "1", "m", "COUNT", "2"},
         kLastWins);
  expect(capture.geosearchstore_distances("to", "k", berlin, GeoCircle{1}),
         {"GEOSEARCHSTORE", "to", "k", "FROMLONLAT", "13.5", "52.5", "BYRADIUS", "1", "m", "STOREDIST"});
}

GeoFound geo_found(std::string_view frame) {
  GeoFound found;
  resp::DecodeIssue issue;
  EXPECT_TRUE(resp::decode_frame(frame, found, issue)) << issue.describe();
  return found;
}

TEST(GeoReply, TellsDetailsApartInBothProtocols) {
  EXPECT_EQ(geo_found("$1\r\na\r\n").name, "a");
  for (const std::string position : {"*2\r\n$4\r\n13.5\r\n$4\r\n52.5\r\n", "*2\r\n,13.5\r\n,52.5\r\n"}) {
    const GeoFound all = geo_found("*4\r\n$1\r\na\r\n$4\r\n0.25\r\n:3471579339700058\r\n" + position);
    EXPECT_EQ(all.name, "a");
    EXPECT_EQ(all.distance, 0.25);
    EXPECT_EQ(all.hash, 3471579339700058);
    EXPECT_EQ(all.position, berlin);
    const GeoFound placed = geo_found("*2\r\n$1\r\na\r\n" + position);
    EXPECT_EQ(placed.position, berlin);
    EXPECT_EQ(placed.distance, std::nullopt);
    EXPECT_EQ(placed.hash, std::nullopt);
  }
  GeoFound out;
  resp::DecodeIssue issue;
  EXPECT_FALSE(resp::decode_frame("*0\r\n", out, issue));
  EXPECT_FALSE(resp::decode_frame("*2\r\n$1\r\na\r\n$3\r\nfar\r\n", out, issue));
}

}  // namespace
}  // namespace redstart::test
