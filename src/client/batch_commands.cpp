// SPDX-License-Identifier: Apache-2.0
// batch_commands.cpp: numbers of batches and titles of their commands.
#include <redstart/client/batch_commands.hpp>

#include <atomic>

namespace redstart::detail {

void BatchCommands::add(const CommandInfo& info) {
  std::string_view name = info.name;
  if (!info.has_row) {
    unknown_names_.push_back(std::make_unique<const std::string>(name));
    name = *unknown_names_.back();
  }
  try {
    entries_.push_back({name, info.reply_of()});
  } catch (...) {
    if (!info.has_row) unknown_names_.pop_back();
    throw;
  }
  if (number_ != 0) return;
  static std::atomic<std::uint64_t> last{0};
  number_ = last.fetch_add(1, std::memory_order_relaxed) + 1;
}

std::string BatchCommands::title(std::size_t index) const {
  std::string place = "command " + std::to_string(index + 1) + " of the pipeline";
  if (index >= entries_.size() || entries_[index].name.empty()) return place;
  return std::string(entries_[index].name) + " (" + place + ")";
}

}  // namespace redstart::detail
