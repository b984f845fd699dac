// SPDX-License-Identifier: Apache-2.0
// geo_test.cpp: each geographic command once against a real server.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "support/client_test.hpp"

namespace redstart::test {
namespace {

using Names = std::vector<std::string>;

constexpr GeoPosition palermo{13.361389, 38.115556};
constexpr GeoPosition catania{15.087269, 37.502669};

class GeoCommandsLive : public ClientTest {
 protected:
  Client sicily() {
    Client client = redis();
    client.geoadd("sicily", {{"Palermo", palermo}, {"Catania", catania}});
    return client;
  }
};
INSTANTIATE_TEST_SUITE_P(Protocols, GeoCommandsLive, both_protocols(), protocol_name);

TEST_P(GeoCommandsLive, AddMembersAndReadPlaces) {
  const Client client = sicily();
  EXPECT_FALSE(client.geoadd("sicily", "Palermo", palermo));
  EXPECT_TRUE(client.geoadd("sicily", "Agrigento", {13.583333, 37.316667}));
  EXPECT_NEAR(client.geodist("sicily", "Palermo", "Catania").value(), 166'274, 1);
  EXPECT_NEAR(client.geodist("sicily", "Palermo", "Catania", GeoUnit::km).value(), 166.274, 0.001);
  EXPECT_EQ(client.geodist("sicily", "Palermo", "Rome"), std::nullopt);
  EXPECT_EQ(client.geohash("sicily", "Palermo", "Rome"),
            (std::vector<std::optional<std::string>>{"sqc8b49rny0", std::nullopt}));
  const auto places = client.geopos("sicily", {"Catania", "Rome"});
  ASSERT_EQ(places.size(), 2U);
  ASSERT_TRUE(places[0]);
  EXPECT_NEAR(places[0]->longitude, catania.longitude, 1e-5);
  EXPECT_NEAR(places[0]->latitude, catania.latitude, 1e-5);
  EXPECT_EQ(places[1], std::nullopt);
  REDSTART_NEEDS_SINCE(6, 2);  // options of GEOADD
  EXPECT_TRUE(
      client.geoadd("sicily", "Palermo", {13.5, 38}, {.only_if = OnlyIf::present, .count_changed = true}));
}

TEST_P(GeoCommandsLive, SearchAreas) {
  REDSTART_NEEDS_SINCE(6, 2);
  const Client client = sicily();
  const GeoPosition middle{15, 37};
  EXPECT_EQ(
      client.geosearch("sicily", middle, GeoCircle{200, GeoUnit::km}, {.order = GeoOrder::nearest_first}),
      (Names{"Catania", "Palermo"}));
  EXPECT_EQ(client.geosearch("sicily", GeoCenter::member("Palermo"), GeoCircle{1, GeoUnit::km}),
            (Names{"Palermo"}));
  EXPECT_EQ(client.geosearch("sicily", middle, GeoBox{400, 400, GeoUnit::km},
                             {.order = GeoOrder::farthest_first, .count = 1}),
            (Names{"Palermo"}));
  const auto found = client.geosearch_with("sicily", {.position = true, .distance = true, .hash = true},
                                           middle, GeoCircle{100, GeoUnit::km});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].name, "Catania");
  EXPECT_NEAR(found[0].distance.value(), 56.4413, 0.001);
  EXPECT_EQ(found[0].hash, 3479447370796909);
  EXPECT_NEAR(found[0].position.value().latitude, catania.latitude, 1e-5);
  EXPECT_EQ(client.geosearch_with("sicily", {}, middle, GeoCircle{100, GeoUnit::km}).at(0).name, "Catania");
  EXPECT_EQ(client.geosearchstore("near", "sicily", middle, GeoCircle{100, GeoUnit::km}), 1);
  EXPECT_EQ(client.geosearchstore_distances("distances", "sicily", middle, GeoCircle{200, GeoUnit::km}), 2);
  EXPECT_NEAR(client.zscore("distances", "Catania").value(), 56.4413, 0.001);
}

}  // namespace
}  // namespace redstart::test
