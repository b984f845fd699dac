// SPDX-License-Identifier: Apache-2.0
// large_replies.cpp: finds, adds and removes the entries of large replies.
#include "large_replies.hpp"

#include <algorithm>
#include <functional>
#include <span>

namespace redstart::inline v0::pool {

namespace {

// The rest of a longer argument does not count.
constexpr std::size_t longest_identity = 512;

// Returns the position behind the bulk string that begins at `at`, or npos if none does.
std::size_t behind_bulk(std::string_view encoded, std::size_t at) noexcept {
  if (at >= encoded.size() || encoded[at] != '$') return std::string_view::npos;
  std::size_t size = 0;
  for (++at; at < encoded.size() && encoded[at] >= '0' && encoded[at] <= '9'; ++at)
    size = size * 10 + static_cast<std::size_t>(encoded[at] - '0');
  return at + 2 + size + 2;  // two line ends
}

}  // namespace

std::uint64_t LargeReplies::identity_of(std::string_view encoded) noexcept {
  const std::size_t name = encoded.find('\n') + 1;
  if (name == 0 || encoded[0] != '*') return 0;
  std::size_t end = behind_bulk(encoded, name);
  if (end == std::string_view::npos) return 0;
  const bool has_argument = encoded.substr(0, name) != "*1\r\n";
  // A large argument that is stored elsewhere follows the end of these bytes.
  if (has_argument) end = std::min(behind_bulk(encoded, end), encoded.size());
  const std::string_view words = encoded.substr(name, std::min(end - name, longest_identity));
  return static_cast<std::uint64_t>(std::hash<std::string_view>{}(words)) | 1U;
}

const LargeReplies::Entry* LargeReplies::find(std::uint64_t command, TimePoint now) const noexcept {
  if (command == 0) return nullptr;
  for (const Entry& entry : std::span(entries_).subspan(first_place(command), ways)) {
    if (entry.command.load(std::memory_order_relaxed) == command)
      return now.time_since_epoch().count() < entry.end.load(std::memory_order_relaxed) ? &entry : nullptr;
  }
  return nullptr;
}

void LargeReplies::large_reply(std::string_view encoded, TimePoint now) noexcept {
  const std::uint64_t command = identity_of(encoded);
  if (command == 0) return;
  const auto places = std::span(entries_).subspan(first_place(command), ways);
  auto place = std::find_if(places.begin(), places.end(), [command](const Entry& entry) {
    return entry.command.load(std::memory_order_relaxed) == command;
  });
  if (place == places.end())
    place = std::min_element(places.begin(), places.end(), [](const Entry& one, const Entry& other) {
      return one.end.load(std::memory_order_relaxed) < other.end.load(std::memory_order_relaxed);
    });
  const Clock::rep end = (now + remembered_for).time_since_epoch().count();
  place->small.store(0, std::memory_order_relaxed);
  place->end.store(end, std::memory_order_relaxed);
  place->command.store(command, std::memory_order_relaxed);
  if (last_end_.load(std::memory_order_relaxed) < end) last_end_.store(end, std::memory_order_relaxed);
}

void LargeReplies::small_reply(std::string_view encoded, TimePoint now) noexcept {
  if (!expects(encoded, now)) return;
  const std::uint64_t command = identity_of(encoded);
  for (Entry& entry : std::span(entries_).subspan(first_place(command), ways)) {
    if (entry.command.load(std::memory_order_relaxed) != command) continue;
    if (entry.small.fetch_add(1, std::memory_order_relaxed) + 1 < small_replies) continue;
    entry.command.store(0, std::memory_order_relaxed);
    entry.end.store(0, std::memory_order_relaxed);
  }
}

}  // namespace redstart::inline v0::pool
