// SPDX-License-Identifier: Apache-2.0
// all.hpp: all command groups as one base class and one list.
#pragma once

#include <redstart/commands/acl.hpp>
#include <redstart/commands/bitmaps.hpp>
#include <redstart/commands/configuration.hpp>
#include <redstart/commands/connection.hpp>
#include <redstart/commands/diagnostics.hpp>
#include <redstart/commands/generic.hpp>
#include <redstart/commands/geo.hpp>
#include <redstart/commands/hashes.hpp>
#include <redstart/commands/hashes_expiry.hpp>
#include <redstart/commands/hyperloglogs.hpp>
#include <redstart/commands/keys.hpp>
#include <redstart/commands/lists.hpp>
#include <redstart/commands/lists_blocking.hpp>
#include <redstart/commands/pubsub.hpp>
#include <redstart/commands/scripting.hpp>
#include <redstart/commands/server.hpp>
#include <redstart/commands/session.hpp>
#include <redstart/commands/sets.hpp>
#include <redstart/commands/sorted_sets.hpp>
#include <redstart/commands/sorted_sets_combine.hpp>
#include <redstart/commands/sorted_sets_range.hpp>
#include <redstart/commands/streams.hpp>
#include <redstart/commands/streams_groups.hpp>
#include <redstart/commands/strings.hpp>
#include <redstart/commands/strings_conditional.hpp>

namespace redstart::inline v0 {

/// All commands that every handle has. Handles with a connection of their own also have `SessionCommands`.
template <class Self>
class AllCommands : public AclCommands<Self>,
                    public BitmapCommands<Self>,
                    public BlockingListCommands<Self>,
                    public ConditionalStringCommands<Self>,
                    public ConfigurationCommands<Self>,
                    public ConnectionCommands<Self>,
                    public DiagnosticsCommands<Self>,
                    public GenericCommands<Self>,
                    public GeoCommands<Self>,
                    public HashCommands<Self>,
                    public HashExpiryCommands<Self>,
                    public HyperLogLogCommands<Self>,
                    public KeyCommands<Self>,
                    public ListCommands<Self>,
                    public PubsubCommands<Self>,
                    public ScriptingCommands<Self>,
                    public ServerCommands<Self>,
                    public SetCommands<Self>,
                    public SortedSetCombineCommands<Self>,
                    public SortedSetCommands<Self>,
                    public SortedSetRangeCommands<Self>,
                    public StreamCommands<Self>,
                    public StreamGroupCommands<Self>,
                    public StringCommands<Self> {};

namespace info {

/// Calls `function` with each table of typed commands.
template <class F>
constexpr void for_each_table(F function) {
  function(acl);
  function(bitmaps);
  function(configuration);
  function(connection);
  function(diagnostics);
  function(geo);
  function(hashes);
  function(hashes_expiry);
  function(hyperloglogs);
  function(keys);
  function(lists);
  function(lists_blocking);
  function(pubsub);
  function(scripting);
  function(server);
  function(session);
  function(sets);
  function(sorted_sets);
  function(sorted_sets_combine);
  function(sorted_sets_range);
  function(streams);
  function(streams_groups);
  function(strings);
  function(strings_conditional);
}

/// Calls `function` with the row of each typed command.
template <class F>
constexpr void for_each(F function) {
  for_each_table([&function](const auto& table) {
    for (const CommandInfo& row : table) function(row);
  });
}

}  // namespace info
}  // namespace redstart::inline v0
