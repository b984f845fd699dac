// SPDX-License-Identifier: Apache-2.0
// recorder.hpp: keeps the last bytes of every connection in both directions.
// They help to find out how a reply reached the wrong caller (I6).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace redstart::soak {

/// Keeps the bytes of each open connection, and of the connections that were closed last.
///
/// Thread safety: full.
class Recorder {
 public:
  static constexpr std::size_t kept = 64 << 10;   ///< Bytes of each direction; at times twice that.
  static constexpr std::size_t closed_kept = 16;  ///< Connections.

  /// Output never contains `secret`.
  explicit Recorder(std::string secret) : secret_(std::move(secret)) {}

  void note(std::uint64_t connection, bool to_server, std::string_view bytes) {
    const std::scoped_lock lock(mutex_);
    std::string& all = connections_[connection].bytes[to_server ? 1 : 0];
    if (bytes.size() > kept) bytes.remove_prefix(bytes.size() - kept);
    all.append(bytes);
    if (all.size() > 2 * kept) all.erase(0, all.size() - kept);
  }
  void closed(std::uint64_t connection) {
    const std::scoped_lock lock(mutex_);
    const auto found = connections_.find(connection);
    if (found == connections_.end()) return;
    found->second.closed = ++closings_;
    if (closings_ <= closed_kept) return;
    std::erase_if(connections_, [this](const auto& entry) {
      return entry.second.closed != 0 && entry.second.closed <= closings_ - closed_kept;
    });
  }

  /// The bytes of the connections that carried `request` to the server. If there are none, of those that
  /// carried `reply` back. Otherwise empty.
  [[nodiscard]] std::string about(std::string_view request, std::string_view reply) const {
    const std::scoped_lock lock(mutex_);
    std::string text;
    for (const auto& [words, way] : {std::pair{request, 1}, std::pair{reply, 0}}) {
      if (!text.empty() || words.empty()) continue;
      for (const auto& [connection, record] : connections_)
        if (record.bytes[static_cast<std::size_t>(way)].find(words) != std::string::npos)
          text += written(connection, record);
    }
    return text;
  }

 private:
  struct Record {
    std::array<std::string, 2> bytes{};  // to the client, to the server
    std::uint64_t closed = 0;            // sequence number of the close; 0: open
  };

  [[nodiscard]] std::string written(std::uint64_t connection, const Record& record) const {
    std::string text;
    for (const std::size_t way : {std::size_t{1}, std::size_t{0}}) {
      std::string bytes =
          record.bytes[way].substr(record.bytes[way].size() - std::min(record.bytes[way].size(), kept));
      for (std::size_t at = 0; !secret_.empty() && (at = bytes.find(secret_, at)) != std::string::npos;)
        bytes.replace(at, secret_.size(), "***");
      text += "=== connection " + std::to_string(connection) + (record.closed != 0 ? ", closed" : "") +
              (way == 1 ? ", to the server" : ", to the client") + ", the last bytes\n" + bytes + "\n";
    }
    return text;
  }

  const std::string secret_;
  mutable std::mutex mutex_{};
  std::map<std::uint64_t, Record> connections_{};
  std::uint64_t closings_ = 0;
};

}  // namespace redstart::soak
