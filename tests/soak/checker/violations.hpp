// SPDX-License-Identifier: Apache-2.0
// violations.hpp: collects violated invariants from all threads.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::soak {

/// Counts violations by invariant and keeps the texts of the first ones.
///
/// Thread safety: full.
class Violations {
 public:
  void add(std::string_view invariant, std::string what) {
    const std::scoped_lock lock(mutex_);
    ++counts_[std::string(invariant)];
    if (texts_.size() < most_texts) texts_.push_back(std::string(invariant) + ": " + std::move(what));
  }

  [[nodiscard]] std::size_t count() const {
    const std::scoped_lock lock(mutex_);
    std::size_t sum = 0;
    for (const auto& [invariant, n] : counts_) sum += n;
    return sum;
  }
  [[nodiscard]] std::size_t count(std::string_view invariant) const {
    const std::scoped_lock lock(mutex_);
    const auto found = counts_.find(std::string(invariant));
    return found == counts_.end() ? 0 : found->second;
  }
  [[nodiscard]] std::map<std::string, std::size_t> counts() const {
    const std::scoped_lock lock(mutex_);
    return counts_;
  }
  [[nodiscard]] std::vector<std::string> texts() const {
    const std::scoped_lock lock(mutex_);
    return texts_;
  }

 private:
  static constexpr std::size_t most_texts = 50;

  mutable std::mutex mutex_{};
  std::map<std::string, std::size_t> counts_{};
  std::vector<std::string> texts_{};
};

}  // namespace redstart::soak
