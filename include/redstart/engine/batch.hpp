// SPDX-License-Identifier: Apache-2.0
// batch.hpp: many encoded commands, and what is known of each.
#pragma once

#include <redstart/commands/command_info.hpp>
#include <redstart/engine/request.hpp>
#include <redstart/resp/buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace redstart::inline v0::engine {

/// Facts about one command of a batch. Those that it shares with all commands of its name are in its
/// `BatchRow`.
struct BatchEntry {
  std::size_t end;    ///< Where its bytes end in those of the batch.
  std::uint32_t row;  ///< The index of its row.
  Retry retry;
  Session session;    ///< The state of its connection that it changes.
  bool shows_queued;  ///< Its reply's type shows QUEUED as what it is: may follow MULTI.
};
static_assert(std::is_trivial_v<BatchEntry>, "a growing vector moves such entries as one block");

/// The common facts of consecutive commands of a batch that have the same name.
struct BatchRow {
  std::string_view name{};
  ReplyOf reply_of = ReplyOf::script;
  KeySpec keys{};
  Spread spread{};
  std::size_t begin = 0;  ///< The index of its first command.
};

/// The rows of a batch. They outlive its bytes, because messages about its replies name the commands.
class BatchRows {
 public:
  BatchRows() noexcept = default;
  /// The other one is empty afterwards, and its next command begins another batch.
  BatchRows(BatchRows&& other) noexcept
      : number_(std::exchange(other.number_, 0)),
        row_(std::exchange(other.row_, &no_row)),
        last_(std::exchange(other.last_, 0)),
        rows_(std::exchange(other.rows_, {})),
        unknown_names_(std::exchange(other.unknown_names_, {})) {}
  BatchRows& operator=(BatchRows&& other) noexcept {
    number_ = std::exchange(other.number_, 0);
    row_ = std::exchange(other.row_, &no_row);
    last_ = std::exchange(other.last_, 0);
    rows_ = std::exchange(other.rows_, {});
    unknown_names_ = std::exchange(other.unknown_names_, {});
    return *this;
  }

  /// Whether a command belongs to the last row.
  [[nodiscard]] bool continues(const CommandInfo& info) const noexcept { return info.name.data() == row_; }
  /// Begins a row with the command of that index. Exception safety: when it throws, nothing has changed.
  void begin(const CommandInfo& info, std::size_t command);
  /// The index of the last row.
  [[nodiscard]] std::uint32_t last() const noexcept { return last_; }

  /// A number that no other batch of this process has; 0 for an empty one.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  [[nodiscard]] const BatchRow& row(std::uint32_t index) const noexcept { return rows_[index]; }
  /// The row of the command with that index; null if the batch is empty. Preconditions: there is such a
  /// command.
  [[nodiscard]] const BatchRow* row_of(std::size_t command) const noexcept;
  /// `INCR (command 2 of the pipeline)`.
  [[nodiscard]] std::string title(std::size_t command) const;
  /// How much an error reply to that command proves.
  [[nodiscard]] ReplyOf reply_of(std::size_t command) const noexcept {
    const BatchRow* const row = row_of(command);
    return row != nullptr ? row->reply_of : ReplyOf::script;
  }

 private:
  static constexpr char no_row = 0;

  std::uint64_t number_ = 0;
  const char* row_ = &no_row;  // where the name of the last row is stored, which no other row's is
  std::uint32_t last_ = 0;     // the index of the last row
  std::vector<BatchRow> rows_{};
  std::vector<std::unique_ptr<const std::string>> unknown_names_{};  // the others are names of tables
};

/// The commands of a batch without their bytes.
struct BatchCommands {
  std::vector<BatchEntry> entries{};
  BatchRows rows{};

  [[nodiscard]] std::size_t size() const noexcept { return entries.size(); }
  /// Where the bytes of that command begin.
  [[nodiscard]] std::size_t begin(std::size_t command) const noexcept {
    return command == 0 ? 0 : entries[command - 1].end;
  }
  /// The bytes of that command, out of those of the batch.
  [[nodiscard]] std::string_view encoded(std::string_view bytes, std::size_t command) const noexcept {
    return bytes.substr(begin(command), entries[command].end - begin(command));
  }
  /// The number of commands whose last byte is among the first `sent` bytes.
  [[nodiscard]] std::size_t sent(std::size_t sent) const noexcept;
  /// The strictest retry category of all commands.
  [[nodiscard]] Retry retry() const noexcept;
};

/// Commands that are sent in one exchange.
struct Batch {
  resp::Buffer bytes{};
  BatchCommands commands{};
  /// Of all commands together, except `retry`, which `BatchCommands::retry` computes.
  RequestTraits traits{.name = "pipeline", .operation = OperationId::pipeline};

  [[nodiscard]] std::size_t size() const noexcept { return commands.size(); }
  [[nodiscard]] std::string_view encoded(std::size_t command) const noexcept {
    return commands.encoded(bytes.view(), command);
  }

  /// Encodes a command and adds it, after `check(traits, encoded)`, which is called where the command lacks
  /// arguments or changes the state of its connection. Exception safety: when it throws, nothing has changed.
  template <class R, class... A, class Check>
  void add(const Command<R, A...>& command, Check check) {
    const CommandInfo& info = command.info();
    const std::size_t before = bytes.size();
    try {
      resp::Writer writer(bytes);
      command.encode(writer);
      if (info.session != Session::none || command.lacks_arguments()) [[unlikely]]
        check(traits_of(command), bytes.view().substr(before));
      if (!commands.rows.continues(info)) [[unlikely]]
        begin_row(info);
      commands.entries.push_back(
          {bytes.size(), commands.rows.last(), command.retry(), info.session, shows_queued<R>});
    } catch (...) {
      bytes.truncate(before);
      throw;
    }
    if (const auto blocks = command.blocks_for()) traits.add(ReplyOf::plain_command, Session::none, blocks);
  }
  /// Removes all commands and keeps the memory for the next ones.
  void clear() noexcept {
    bytes.clear();
    commands.entries.clear();
    commands.rows = {};
    traits = RequestTraits{.name = "pipeline", .operation = OperationId::pipeline};
  }

 private:
  // Common facts of commands of one name are noted once, not for each of them.
  void begin_row(const CommandInfo& info);
};

}  // namespace redstart::inline v0::engine
