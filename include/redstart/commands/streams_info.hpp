// SPDX-License-Identifier: Apache-2.0
// streams_info.hpp: replies of XINFO.
#pragma once

#include <redstart/commands/reply_fields.hpp>
#include <redstart/commands/stream_entries.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace redstart::inline v0 {

/// The reply of XINFO STREAM.
struct StreamInfo {
  std::int64_t length = 0;  ///< How many entries it has.
  std::int64_t groups = 0;
  StreamId last_generated_id{};
  StreamId max_deleted_id{};                    ///< Since Redis 7.0.
  std::optional<std::int64_t> entries_added{};  ///< Since its creation. Since Redis 7.0.
  std::optional<StreamEntry<>> first_entry{};   ///< The oldest; empty if there is none.
  std::optional<StreamEntry<>> last_entry{};
};

/// One group of XINFO GROUPS.
struct StreamGroupInfo {
  std::string name{};
  std::int64_t consumers = 0;
  std::int64_t pending = 0;
  StreamId last_delivered_id{};
  std::optional<std::int64_t> entries_read{};  ///< Since Redis 7.0; empty if unknown.
  std::optional<std::int64_t> lag{};  ///< Entries not delivered yet. Since Redis 7.0; empty if unknown.
};

/// One consumer of XINFO CONSUMERS.
struct StreamConsumerInfo {
  std::string name{};
  std::int64_t pending = 0;
  std::chrono::milliseconds idle{};                     ///< Since its last attempt to read or claim.
  std::optional<std::chrono::milliseconds> inactive{};  ///< Since its last success. Since Redis 7.2.
};

}  // namespace redstart::inline v0

template <>
struct redstart::resp::decoder<redstart::StreamInfo> {
  static void decode(Cursor& cursor, StreamInfo& out) {
    redstart::detail::decode_named_fields(cursor, "the description of a stream", [&](std::string_view name) {
      if (name == "length") {
        decoder<std::int64_t>::decode(cursor, out.length);
      } else if (name == "groups") {
        decoder<std::int64_t>::decode(cursor, out.groups);
      } else if (name == "last-generated-id") {
        decoder<StreamId>::decode(cursor, out.last_generated_id);
      } else if (name == "max-deleted-entry-id") {
        decoder<StreamId>::decode(cursor, out.max_deleted_id);
      } else if (name == "entries-added") {
        decoder<std::optional<std::int64_t>>::decode(cursor, out.entries_added);
      } else if (name == "first-entry") {
        decoder<std::optional<StreamEntry<>>>::decode(cursor, out.first_entry);
      } else if (name == "last-entry") {
        decoder<std::optional<StreamEntry<>>>::decode(cursor, out.last_entry);
      } else {
        cursor.skip();
      }
    });
  }
};

template <>
struct redstart::resp::decoder<redstart::StreamGroupInfo> {
  static void decode(Cursor& cursor, StreamGroupInfo& out) {
    redstart::detail::decode_named_fields(cursor, "a group of a stream", [&](std::string_view name) {
      if (name == "name") {
        decoder<std::string>::decode(cursor, out.name);
      } else if (name == "consumers") {
        decoder<std::int64_t>::decode(cursor, out.consumers);
      } else if (name == "pending") {
        decoder<std::int64_t>::decode(cursor, out.pending);
      } else if (name == "last-delivered-id") {
        decoder<StreamId>::decode(cursor, out.last_delivered_id);
      } else if (name == "entries-read") {
        decoder<std::optional<std::int64_t>>::decode(cursor, out.entries_read);
      } else if (name == "lag") {
        decoder<std::optional<std::int64_t>>::decode(cursor, out.lag);
      } else {
        cursor.skip();
      }
    });
  }
};

template <>
struct redstart::resp::decoder<redstart::StreamConsumerInfo> {
  static void decode(Cursor& cursor, StreamConsumerInfo& out) {
    redstart::detail::decode_named_fields(cursor, "a consumer of a stream", [&](std::string_view name) {
      std::int64_t milliseconds = 0;
      if (name == "name") {
        decoder<std::string>::decode(cursor, out.name);
      } else if (name == "pending") {
        decoder<std::int64_t>::decode(cursor, out.pending);
      } else if (name == "idle") {
        decoder<std::int64_t>::decode(cursor, milliseconds);
        out.idle = std::chrono::milliseconds(milliseconds);
      } else if (name == "inactive") {
        decoder<std::int64_t>::decode(cursor, milliseconds);
        if (milliseconds >= 0) out.inactive = std::chrono::milliseconds(milliseconds);
      } else {
        cursor.skip();
      }
    });
  }
};
