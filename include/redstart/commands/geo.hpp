// SPDX-License-Identifier: Apache-2.0
// geo.hpp: commands on places, which are members of sorted sets.
#pragma once

#include <redstart/commands/command.hpp>
#include <redstart/commands/geo_options.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0 {

namespace info {

// clang-format off
inline constexpr CommandInfo geo[] = {
    {.name = "GEOADD", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "3.2.0"},
    {.name = "GEODIST", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "3.2.0"},
    {.name = "GEOHASH", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "3.2.0"},
    {.name = "GEOPOS", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "3.2.0"},
    {.name = "GEOSEARCH", .access = Access::read, .retry = Retry::read,
     .keys = keys::first, .since = "6.2.0"},
    {.name = "GEOSEARCHSTORE", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first_two, .since = "6.2.0"},
};
// clang-format on

}  // namespace info

/// https://redis.io/commands/?group=geo
///
/// The server keeps a place as a hash of 52 bits, so the places that it returns differ by up to 0.6 m.
template <class Self>
class GeoCommands {
 public:
  /// GEOADD. True if the member is new; with `count_changed`, also if its place has changed.
  template <SingleArgument M>
  auto geoadd(std::string_view key, const M& member, GeoPosition position,
              const GeoaddOptions& options = {}) const -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::geo, "GEOADD"), key, options, position, member);
  }
  /// GEOADD over a container of `GeoMember`s. How many of them are new. Errors: `invalid_argument` for an
  /// empty one.
  template <ManyArguments Range = std::initializer_list<GeoMember>>
  auto geoadd(std::string_view key, const Range& members, const GeoaddOptions& options = {}) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::geo, "GEOADD"), key, options,
                                        detail::EachElement{members});
  }

  /// GEODIST. The distance between two members; empty if one of them does not exist.
  template <Scalar M, Scalar N>
  auto geodist(std::string_view key, const M& from, const N& to, GeoUnit unit = GeoUnit::m) const
      -> reply_t<Self, std::optional<double>> {
    return detail::submit<std::optional<double>>(*this, info::find(info::geo, "GEODIST"), key, from, to,
                                                 to_string(unit));
  }
  /// GEOHASH. The Geohash text of each member; empty for one that does not exist.
  template <class Out = std::vector<std::optional<std::string>>, SingleArgument M, SingleArgument... More>
  auto geohash(std::string_view key, const M& member, const More&... more) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::geo, "GEOHASH"), key, member, more...);
  }
  /// GEOHASH over a container of members. Errors: `invalid_argument` for an empty one.
  template <class Out = std::vector<std::optional<std::string>>, ManyArguments Range = detail::Texts>
  auto geohash(std::string_view key, const Range& members) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::geo, "GEOHASH"), key, detail::EachElement{members});
  }
  /// GEOPOS. The place of each member; empty for one that does not exist.
  template <class Out = std::vector<std::optional<GeoPosition>>, SingleArgument M, SingleArgument... More>
  auto geopos(std::string_view key, const M& member, const More&... more) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::geo, "GEOPOS"), key, member, more...);
  }
  /// GEOPOS over a container of members. Errors: `invalid_argument` for an empty one.
  template <class Out = std::vector<std::optional<GeoPosition>>, ManyArguments Range = detail::Texts>
  auto geopos(std::string_view key, const Range& members) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::geo, "GEOPOS"), key, detail::EachElement{members});
  }

  /// GEOSEARCH. The members in an area. O(N + log M) for N members in and around the area. Since Redis 6.2.
  ///
  ///     auto near = db.geosearch("shops", GeoCenter::member("home"), GeoCircle{2, GeoUnit::km},
  ///                              {.order = GeoOrder::nearest_first, .count = 5});
  template <class Out = std::vector<std::string>, detail::geo_area Area>
  auto geosearch(std::string_view key, const GeoCenter& center, const Area& area,
                 const GeosearchOptions& options = {}) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::geo, "GEOSEARCH"), key, center, area, options);
  }
  /// GEOSEARCH with positions, distances or hashes.
  template <class Out = std::vector<GeoFound>, detail::geo_area Area>
  auto geosearch_with(std::string_view key, GeoDetails details, const GeoCenter& center, const Area& area,
                      const GeosearchOptions& options = {}) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::geo, "GEOSEARCH"), key, center, area, options,
                               details);
  }
  /// GEOSEARCHSTORE. Writes the members in an area to `destination`, or deletes it if there is none. How many
  /// they are. Since Redis 6.2.
  template <detail::geo_area Area>
  auto geosearchstore(std::string_view destination, std::string_view key, const GeoCenter& center,
                      const Area& area, const GeosearchOptions& options = {}) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::geo, "GEOSEARCHSTORE"), destination, key,
                                        center, area, options);
  }
  /// GEOSEARCHSTORE … STOREDIST. The scores in `destination` are distances instead of places.
  template <detail::geo_area Area>
  auto geosearchstore_distances(std::string_view destination, std::string_view key, const GeoCenter& center,
                                const Area& area, const GeosearchOptions& options = {}) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::geo, "GEOSEARCHSTORE"), destination, key,
                                        center, area, options, std::string_view("STOREDIST"));
  }
};

}  // namespace redstart::inline v0
