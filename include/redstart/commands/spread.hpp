// SPDX-License-Identifier: Apache-2.0
// spread.hpp: how a cluster routes a command and joins its replies.
#pragma once

#include <cstdint>

namespace redstart::inline v0 {

/// Which servers of a cluster get a command.
enum class Target : std::uint8_t {
  slot,        ///< The owner of the slot of its keys, which must be one. Any primary if it has no keys.
  each_slot,   ///< The owners of the slots of its keys. It is split into one part for each slot.
  channel,     ///< The owner of the slot of its first argument: a channel, not a key.
  any_server,  ///< Any server: all return the same reply.
  primaries,   ///< All primaries.
  servers,     ///< All servers, also replicas.
  walk,        ///< One primary after another: SCAN.
  one_server,  ///< Concerns one server or connection, which the caller must choose.
};

/// How the replies of the parts of a command become one.
enum class Join : std::uint8_t {
  single,        ///< There is one reply.
  by_key,        ///< Arrays, whose elements are put into the order of the keys.
  sum,           ///< Numbers, added.
  all_true,      ///< Arrays of flags: an element is 1 if it is 1 in every reply.
  all_succeed,   ///< The first reply if all succeed, otherwise the first error.
  one_succeeds,  ///< The first reply that is not an error.
  concatenated,  ///< Arrays, concatenated in any order.
  any_value,     ///< The first reply that is not null.
};

/// How a cluster routes a command and joins its replies. Has no effect where there is one server.
struct Spread {
  Target target = Target::slot;
  Join join = Join::single;

  friend constexpr bool operator==(const Spread&, const Spread&) = default;
};

namespace spread {

inline constexpr Spread any_server{Target::any_server};
inline constexpr Spread one_server{Target::one_server};
inline constexpr Spread all_primaries{Target::primaries, Join::all_succeed};
inline constexpr Spread all_servers{Target::servers, Join::all_succeed};

}  // namespace spread
}  // namespace redstart::inline v0
