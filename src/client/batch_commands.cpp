// SPDX-License-Identifier: Apache-2.0
// batch_commands.cpp: numbers of batches and titles of their commands.
#include <redstart/client/batch_commands.hpp>

#include <algorithm>
#include <atomic>

namespace redstart::inline v0::detail {

void BatchCommands::add_run(const CommandInfo& info) {
  std::string_view name = info.name;
  if (!info.has_row) {
    unknown_names_.push_back(std::make_unique<const std::string>(name));
    name = *unknown_names_.back();
  }
  try {
    runs_.push_back({name, info.reply_of, (runs_.empty() ? 0 : runs_.back().end) + 1});
  } catch (...) {
    if (!info.has_row) unknown_names_.pop_back();
    throw;
  }
  row_ = info.has_row ? name.data() : &no_row;
  if (number_ != 0) return;
  static std::atomic<std::uint64_t> last{0};
  number_ = last.fetch_add(1, std::memory_order_relaxed) + 1;
}

std::string BatchCommands::title(std::size_t index) const {
  std::string place = "command " + std::to_string(index + 1) + " of the pipeline";
  const Run* const run = find(index);
  if (run == nullptr || run->name.empty()) return place;
  return std::string(run->name) + " (" + place + ")";
}

const BatchCommands::Run* BatchCommands::find(std::size_t index) const noexcept {
  const auto behind = [](std::size_t wanted, const Run& run) { return wanted < run.end; };
  const auto run = std::upper_bound(runs_.begin(), runs_.end(), index, behind);
  return run != runs_.end() ? &*run : nullptr;
}

}  // namespace redstart::inline v0::detail
