// SPDX-License-Identifier: Apache-2.0
// batch.cpp: numbers of batches, titles of their commands.
#include <redstart/engine/batch.hpp>

#include <algorithm>
#include <atomic>
#include <optional>

namespace redstart::inline v0::engine {

void BatchRows::begin(const CommandInfo& info, std::size_t command) {
  std::string_view name = info.name;
  if (!info.has_row) {
    unknown_names_.push_back(std::make_unique<const std::string>(name));
    name = *unknown_names_.back();
  }
  try {
    rows_.push_back({name, info.reply_of, info.keys, info.spread, command});
  } catch (...) {
    if (!info.has_row) unknown_names_.pop_back();
    throw;
  }
  row_ = info.has_row ? name.data() : &no_row;
  last_ = static_cast<std::uint32_t>(rows_.size() - 1);
  if (number_ != 0) return;
  static std::atomic<std::uint64_t> last{0};
  number_ = last.fetch_add(1, std::memory_order_relaxed) + 1;
}

std::string BatchRows::title(std::size_t command) const {
  std::string place = "command " + std::to_string(command + 1) + " of the pipeline";
  const BatchRow* const row = row_of(command);
  if (row == nullptr || row->name.empty()) return place;
  return std::string(row->name) + " (" + place + ")";
}

const BatchRow* BatchRows::row_of(std::size_t command) const noexcept {
  const auto begins_after = [](std::size_t wanted, const BatchRow& row) { return wanted < row.begin; };
  const auto after = std::upper_bound(rows_.begin(), rows_.end(), command, begins_after);
  return after != rows_.begin() ? &*(after - 1) : nullptr;
}

std::size_t BatchCommands::sent(std::size_t sent) const noexcept {
  const auto ends_after = [](std::size_t bytes, const BatchEntry& entry) { return bytes < entry.end; };
  return static_cast<std::size_t>(std::upper_bound(entries.begin(), entries.end(), sent, ends_after) -
                                  entries.begin());
}

Retry BatchCommands::retry() const noexcept {
  Retry strictest = Retry::read;
  for (const BatchEntry& entry : entries) strictest = std::max(strictest, entry.retry);
  return strictest;
}

void Batch::begin_row(const CommandInfo& info) {
  constexpr std::size_t usual_size = 64;  // one block of 1 KiB
  if (commands.entries.capacity() == 0) commands.entries.reserve(usual_size);
  commands.rows.begin(info, size());
  if (size() == 0 && info.operation == operation_id("MULTI")) traits.operation = OperationId::multi;
  traits.add(info.reply_of, info.session, std::nullopt);
}

}  // namespace redstart::inline v0::engine
