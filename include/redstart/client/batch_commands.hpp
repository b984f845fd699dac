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

namespace redstart::inline v0::detail {

/// What is remembered of the commands of a batch after they were encoded: a number that tells its slots from
/// those of other batches, the names for messages, and what the error replies prove.
class BatchCommands {
 public:
  BatchCommands() noexcept = default;
  /// The other one is empty afterwards, and its next command begins another batch.
  BatchCommands(BatchCommands&& other) noexcept
      : number_(std::exchange(other.number_, 0)),
        row_(std::exchange(other.row_, &no_row)),
        runs_(std::exchange(other.runs_, {})),
        unknown_names_(std::exchange(other.unknown_names_, {})) {}
  BatchCommands& operator=(BatchCommands&& other) noexcept {
    number_ = std::exchange(other.number_, 0);
    row_ = std::exchange(other.row_, &no_row);
    runs_ = std::exchange(other.runs_, {});
    unknown_names_ = std::exchange(other.unknown_names_, {});
    return *this;
  }

  /// Exception safety: when it throws, nothing has changed.
  void add(const CommandInfo& info) {
    if (info.name.data() == row_) [[likely]]
      ++runs_.back().end;
    else
      add_run(info);
  }

  /// A number that no other batch of this process has; 0 for an empty one.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  /// `INCR (command 2 of the pipeline)`.
  [[nodiscard]] std::string title(std::size_t index) const;
  [[nodiscard]] ReplyOf reply_of(std::size_t index) const noexcept {
    const Run* const run = find(index);
    return run != nullptr ? run->reply_of : ReplyOf::script;
  }

 private:
  // Commands of the same row that follow each other: most batches have few of these.
  struct Run {
    std::string_view name;
    ReplyOf reply_of;
    std::size_t end;  // the index behind its last command
  };

  void add_run(const CommandInfo& info);
  [[nodiscard]] const Run* find(std::size_t index) const noexcept;

  static constexpr char no_row = 0;

  std::uint64_t number_ = 0;
  const char* row_ = &no_row;  // where the name of the last run's row lies, which no other row's does
  std::vector<Run> runs_{};
  std::vector<std::unique_ptr<const std::string>> unknown_names_{};  // the others are names of rows
};

}  // namespace redstart::inline v0::detail
