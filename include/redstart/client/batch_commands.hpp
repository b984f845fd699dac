// SPDX-License-Identifier: Apache-2.0
// batch_commands.hpp: the commands of one batch, for messages about them.
#pragma once

#include <redstart/commands/command_info.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::detail {

/// What is remembered of the commands of a batch after they were encoded: a number that tells its slots from
/// those of other batches, the names for messages, and what the error replies prove.
class BatchCommands {
 public:
  BatchCommands() noexcept = default;
  /// The other one is empty afterwards, and its next command begins another batch.
  BatchCommands(BatchCommands&& other) noexcept
      : number_(std::exchange(other.number_, 0)),
        entries_(std::exchange(other.entries_, {})),
        unknown_names_(std::exchange(other.unknown_names_, {})) {}
  BatchCommands& operator=(BatchCommands&& other) noexcept {
    number_ = std::exchange(other.number_, 0);
    entries_ = std::exchange(other.entries_, {});
    unknown_names_ = std::exchange(other.unknown_names_, {});
    return *this;
  }

  /// Exception safety: when it throws, nothing has changed.
  void add(const CommandInfo& info);

  /// A number that no other batch of this process has; 0 for an empty one.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  /// `INCR (command 2 of the pipeline)`.
  [[nodiscard]] std::string title(std::size_t index) const;
  [[nodiscard]] ReplyOf reply_of(std::size_t index) const noexcept {
    return index < entries_.size() ? entries_[index].reply_of : ReplyOf::script;
  }

 private:
  struct Entry {
    std::string_view name;
    ReplyOf reply_of;
  };
  std::uint64_t number_ = 0;
  std::vector<Entry> entries_{};
  std::vector<std::unique_ptr<const std::string>> unknown_names_{};  // the others are names of rows
};

}  // namespace redstart::detail
