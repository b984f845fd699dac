// SPDX-License-Identifier: Apache-2.0
// geo_options.hpp: positions, areas, options and replies of geographic commands.
#pragma once

#include <redstart/commands/argument.hpp>
#include <redstart/commands/command_info.hpp>
#include <redstart/commands/only_if.hpp>
#include <redstart/commands/option_text.hpp>
#include <redstart/resp/decode.hpp>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace redstart::inline v0 {

/// A place on the earth, in degrees. Ranges: longitude -180 to 180, latitude -85.05112878 to 85.05112878.
struct GeoPosition {
  double longitude = 0;
  double latitude = 0;

  template <class Put>
  void arguments(Put& put) const {
    put(longitude, latitude);
  }
  friend constexpr bool operator==(const GeoPosition&, const GeoPosition&) = default;
};

/// A unit of distances: metres, kilometres, miles, feet.
enum class GeoUnit : std::uint8_t { m, km, mi, ft };

[[nodiscard]] constexpr std::string_view to_string(GeoUnit unit) noexcept {
  constexpr std::string_view words[] = {"m", "km", "mi", "ft"};
  return words[static_cast<std::uint8_t>(unit)];
}

/// A member and its place, for GEOADD.
struct GeoMember {
  OptionText name{};
  GeoPosition position{};

  template <class Put>
  void arguments(Put& put) const {
    put(position, name);
  }
};

/// Options of GEOADD. Since Redis 6.2.
struct GeoaddOptions {
  OnlyIf only_if = OnlyIf::always;  ///< NX, XX
  bool count_changed = false;       ///< CH: the reply counts members with a changed place too.

  template <class Put>
  void arguments(Put& put) const {
    put(detail::keyword_of(only_if));
    if (count_changed) put("CH");
  }
  /// A second GEOADD … NX returns another reply than the first.
  [[nodiscard]] Retry retry(Retry category) const noexcept {
    return only_if == OnlyIf::always ? category : Retry::accumulating;
  }
};

/// The centre of a search: a member (FROMMEMBER) or a place (FROMLONLAT).
class GeoCenter {
 public:
  GeoCenter(GeoPosition position) : position_(position) {}
  [[nodiscard]] static GeoCenter member(std::string_view name) {
    GeoCenter center{GeoPosition{}};
    center.position_.reset();
    center.member_ = std::string(name);
    return center;
  }

  template <class Put>
  void arguments(Put& put) const {
    if (position_) return put("FROMLONLAT", *position_);
    put("FROMMEMBER", member_);
  }

 private:
  std::optional<GeoPosition> position_;
  std::string member_{};
};

/// The area of a search, around its centre.
struct GeoCircle {
  double radius = 0;
  GeoUnit unit = GeoUnit::m;

  template <class Put>
  void arguments(Put& put) const {
    put("BYRADIUS", radius, to_string(unit));
  }
};
struct GeoBox {
  double width = 0;
  double height = 0;
  GeoUnit unit = GeoUnit::m;

  template <class Put>
  void arguments(Put& put) const {
    put("BYBOX", width, height, to_string(unit));
  }
};

namespace detail {

template <class T>
concept geo_area = std::same_as<T, GeoCircle> || std::same_as<T, GeoBox>;

}  // namespace detail

/// The order of the members that a search finds.
enum class GeoOrder : std::uint8_t { any, nearest_first, farthest_first };

/// Options of GEOSEARCH and GEOSEARCHSTORE.
struct GeosearchOptions {
  GeoOrder order = GeoOrder::any;       ///< ASC, DESC
  std::optional<std::int64_t> count{};  ///< COUNT: at most that many, the nearest ones; unset: all.
  bool any_of_them = false;             ///< ANY, with `count`: stops at the first that are found.

  template <class Put>
  void arguments(Put& put) const {
    constexpr std::string_view words[] = {"", "ASC", "DESC"};
    put(detail::Keyword{words[static_cast<std::uint8_t>(order)]});
    if (count) put("COUNT", *count);
    if (count && any_of_them) put("ANY");
  }
};

/// The details that a search returns beside the names.
struct GeoDetails {
  bool position = false;  ///< WITHCOORD
  bool distance = false;  ///< WITHDIST
  bool hash = false;      ///< WITHHASH

  template <class Put>
  void arguments(Put& put) const {
    if (position) put("WITHCOORD");
    if (distance) put("WITHDIST");
    if (hash) put("WITHHASH");
  }
};

/// A member that a search has found, with the details that the call asked for.
struct GeoFound {
  std::string name{};
  std::optional<double> distance{};    ///< From the centre, in the unit of the area.
  std::optional<std::int64_t> hash{};  ///< The place as an integer of 52 bits.
  std::optional<GeoPosition> position{};
};

}  // namespace redstart::inline v0

/// Reads an array of longitude and latitude.
template <>
struct redstart::resp::decoder<redstart::GeoPosition> {
  static void decode(Cursor& cursor, GeoPosition& out) {
    std::pair<double, double> position;
    decoder<std::pair<double, double>>::decode(cursor, position);
    out = {position.first, position.second};
  }
};

/// Reads a name alone, or an array of the name and the details. An array is the position, an integer the
/// hash, and text the distance.
template <>
struct redstart::resp::decoder<redstart::GeoFound> {
  static void decode(Cursor& cursor, GeoFound& out) {
    if (!is_aggregate(cursor.next_type())) return decoder<std::string>::decode(cursor, out.name);
    Aggregate array;
    constexpr const char* expected = "a member with its distance, hash and position";
    if (!cursor.open(array, expected)) return;
    if (!cursor.more(array)) {
      cursor.fail_at_end(expected, array.type);
      return;
    }
    decoder<std::string>::decode(cursor, out.name);
    while (!cursor.failed() && cursor.more(array)) {
      const Type type = cursor.next_type();
      if (is_aggregate(type))
        decoder<GeoPosition>::decode(cursor, out.position.emplace());
      else if (type == Type::integer)
        decoder<std::int64_t>::decode(cursor, out.hash.emplace());
      else
        decoder<double>::decode(cursor, out.distance.emplace());
    }
  }
};
