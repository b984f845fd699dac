// SPDX-License-Identifier: Apache-2.0
// spread.hpp: how a cluster routes a command and joins its replies.
#pragma once

#include <cstdint>

namespace redstart::inline v0 {

/// Which servers of a cluster get a command.
enum class Route : std::uint8_t {
  slot,        ///< The owner of the slot of its keys; any primary if it has no keys. All keys need one slot.
  slots,       ///< The owners of the slots of its keys: split into one part for each slot.
  channel,     ///< The owner of the slot of its first argument, which is a channel and no key.
  any_node,    ///< Any one server: each gives the same reply.
  primaries,   ///< Every primary.
  nodes,       ///< Every server, replicas included.
  walk,        ///< One primary after the other: SCAN.
  one_server,  ///< Concerns one server or connection, which the caller must choose.
};

/// How the replies of the parts of a command become one.
enum class Join : std::uint8_t {
  single,        ///< There is one reply.
  by_key,        ///< Arrays: their elements in the order of the keys of the whole command.
  sum,           ///< Numbers, added.
  all_true,      ///< Arrays of flags: an element is 1 if it is 1 in every reply.
  all_succeed,   ///< OK, or the first error.
  one_succeeds,  ///< The first reply that is no error.
  concatenated,  ///< Arrays, one behind the other in any order.
  any_value,     ///< The first reply that is not null.
};

/// How a cluster routes and joins a command. Not used for one server.
struct Spread {
  Route route = Route::slot;
  Join join = Join::single;

  friend constexpr bool operator==(const Spread&, const Spread&) = default;
};

namespace spread {

inline constexpr Spread any_node{Route::any_node};
inline constexpr Spread one_server{Route::one_server};
/// To all primaries or to all servers; every one of them must succeed.
inline constexpr Spread all_primaries{Route::primaries, Join::all_succeed};
inline constexpr Spread all_nodes{Route::nodes, Join::all_succeed};

}  // namespace spread
}  // namespace redstart::inline v0
