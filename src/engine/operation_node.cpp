// SPDX-License-Identifier: Apache-2.0
// operation_node.cpp: names and numbers of operations.
#include <redstart/commands/session_state.hpp>
#include <redstart/engine/operation_node.hpp>

#include <atomic>

namespace redstart::inline v0::engine {

std::string_view command_name(std::string_view encoded) noexcept {
  // *<n>\r\n$<n>\r\n<name>\r\n
  const std::size_t header = encoded.find('$');
  if (header == std::string_view::npos) return {};
  const std::size_t begin = encoded.find('\n', header);
  if (begin == std::string_view::npos) return {};
  const std::string_view rest = encoded.substr(begin + 1);
  return rest.substr(0, rest.find('\r'));
}

std::string_view title_of(const Encoded& encoded) noexcept {
  if (!encoded.traits.name.empty()) return encoded.traits.name;
  const std::string_view bytes = encoded.bytes.view();
  const std::string_view first = command_name(bytes);
  if (first.empty()) return {};
  const auto behind = static_cast<std::size_t>(first.data() + first.size() - bytes.data());
  const CommandInfo* const row = lookup(first, command_name(bytes.substr(behind)));
  return row != nullptr ? row->name : first;
}

std::uint64_t next_operation_id() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace redstart::inline v0::engine
