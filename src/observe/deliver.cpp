// SPDX-License-Identifier: Apache-2.0
// deliver.cpp: prepares the texts of events as those of errors.
#include "deliver.hpp"

#include <redstart/core/peer_text.hpp>

#include <cstddef>
#include <new>
#include <string>
#include <string_view>

namespace redstart::inline v0 {

namespace {

constexpr std::size_t longest_detail = 7 * peer_text_limit;

// `memory` holds the text if it had to be changed.
std::string_view presentable(std::string_view text, std::size_t most, std::string& memory) noexcept {
  if (is_presentable(text, most)) [[likely]]
    return text;
  try {
    memory = peer_text(text, {.most = most});
    return memory;
  } catch (const std::bad_alloc&) {
    return "(no memory to show this text)";
  }
}

}  // namespace

void deliver(EventListener& listener, Event event) noexcept {
  std::string database;
  std::string endpoint;
  std::string detail;
  event.database = presentable(event.database, peer_text_limit, database);
  event.endpoint = presentable(event.endpoint, peer_text_limit, endpoint);
  event.detail = presentable(event.detail, longest_detail, detail);
  listener.on_event(event);
}

}  // namespace redstart::inline v0
