// SPDX-License-Identifier: Apache-2.0
// deliver.cpp: prepares the texts of events as those of errors.
#include "deliver.hpp"

#include <redstart/core/peer_text.hpp>

#include <array>
#include <cstddef>
#include <iterator>
#include <new>
#include <string>
#include <string_view>

namespace redstart::inline v0 {

namespace {

constexpr std::size_t longest_detail = 7 * peer_text_limit;

// Each text but `detail`.
constexpr std::string_view Event::*const texts[] = {&Event::database, &Event::endpoint, &Event::operation,
                                                    &Event::reason,   &Event::remedy,   &Event::from,
                                                    &Event::to,       &Event::source,   &Event::primary};

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
  std::array<std::string, std::size(texts)> memory;
  for (std::size_t i = 0; i != std::size(texts); ++i)
    event.*texts[i] = presentable(event.*texts[i], peer_text_limit, memory[i]);
  std::string detail;
  event.detail = presentable(event.detail, longest_detail, detail);
  std::string host;
  if (event.settings) event.settings->host = presentable(event.settings->host, peer_text_limit, host);
  listener.on_event(event);
}

}  // namespace redstart::inline v0
