// SPDX-License-Identifier: Apache-2.0
// command_times.cpp: adds histograms of commands, and collects them.
#include "command_times.hpp"

#include <algorithm>
#include <memory>
#include <new>
#include <string_view>
#include <tuple>

namespace redstart::inline v0 {

namespace {

CommandStats& entry_of(KeptList<CommandStats>& list, const CommandStats& key) {
  const auto order = [](const CommandStats& entry) {
    return std::tie(entry.name, entry.error_type, entry.status_code);
  };
  const auto at =
      std::lower_bound(list.begin(), list.end(), key,
                       [order](const CommandStats& a, const CommandStats& b) { return order(a) < order(b); });
  if (at != list.end() && order(*at) == order(key)) return *at;
  return *list.insert(at, key);
}

}  // namespace

CommandTimes::~CommandTimes() {
  for (const auto& slot : slots_) delete slot.load(std::memory_order_relaxed);
}

const CommandTimes::Times* CommandTimes::find_or_add(OperationId operation) noexcept {
  std::unique_ptr<const Times> added;
  std::size_t at = slot_of(operation);
  for (std::size_t tried = 0; tried != slot_count; ++tried, at = (at + 1) % slot_count) {
    const Times* times = slots_[at].load(std::memory_order_acquire);
    if (times == nullptr) {
      if (!added) added.reset(new (std::nothrow) Times(operation));
      if (!added) return nullptr;
      if (slots_[at].compare_exchange_strong(times, added.get(), std::memory_order_acq_rel))
        return added.release();
    }
    // Another thread may have added the same command.
    if (times->operation == operation) return times;
  }
  return nullptr;
}

void CommandTimes::failed(OperationId operation, ErrorType error, std::chrono::nanoseconds duration) noexcept
    try {
  const std::scoped_lock lock(failures_mutex_);
  auto at = failures_.find({operation, error.index()});
  if (at == failures_.end()) {
    if (failures_.size() >= most_failures) operation = OperationId::other;
    at = failures_.try_emplace({operation, error.index()}).first;
  }
  at->second.add(duration);
} catch (...) {
  // Without memory the failure is not counted here; other counters have it.
}

void CommandTimes::collect(KeptList<CommandStats>& into) const {
  for (const auto& slot : slots_) {
    const Times* const times = slot.load(std::memory_order_acquire);
    if (times == nullptr) continue;
    DurationHistogram& durations = entry_of(into, {operation_name(times->operation)}).durations;
    for (const Shard& shard : times->shards) shard.durations.collect(durations);
  }
  const std::scoped_lock lock(failures_mutex_);
  for (const auto& [key, durations] : failures_) {
    const ErrorType error = ErrorType::at(key.second);
    const std::string_view status = error.of_server() ? error.name() : std::string_view();
    entry_of(into, {operation_name(key.first), error.name(), status}).durations.merge(durations);
  }
}

}  // namespace redstart::inline v0
