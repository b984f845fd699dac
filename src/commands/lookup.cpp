// SPDX-License-Identifier: Apache-2.0
// lookup.cpp: finds rows through a hash table built while compiling.
#include <redstart/commands/all.hpp>
#include <redstart/commands/session_state.hpp>

#include "untyped.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace redstart::inline v0 {
namespace {

constexpr char upper(char c) noexcept { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

constexpr std::uint32_t hash(std::string_view text, std::uint32_t seed = 2166136261U) noexcept {
  for (const char c : text) seed = (seed ^ static_cast<unsigned char>(upper(c))) * 16777619U;
  return seed;
}

constexpr bool same(std::string_view name, std::string_view word) noexcept {
  if (name.size() != word.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] != upper(word[i])) return false;
  }
  return true;
}

// True for rows of one word where a second word may name another row.
constexpr bool has_subcommands(std::string_view name) noexcept {
  return name == "COMMAND" || name == "CLIENT" || name == "SCRIPT";
}

// Open addressing, at most a third full.
class Index {
 public:
  constexpr Index() {
    info::for_each([this](const CommandInfo& row) { add(row); });
    for (const CommandInfo& row : info::untyped) add(row);
  }

  template <class Matches>
  constexpr const CommandInfo* find(std::uint32_t hash, Matches matches) const noexcept {
    for (std::size_t at = hash % size; slots_[at].taken; at = (at + 1) % size) {
      if (matches(slots_[at].row->name)) return slots_[at].row;
    }
    return nullptr;
  }

 private:
  constexpr void add(const CommandInfo& row) {
    std::size_t at = hash(row.name) % size;
    while (slots_[at].taken) at = (at + 1) % size;
    slots_[at] = {&row, true};
  }

  // A flag beside the pointer: under UBSan, GCC can't compare addresses of array elements while compiling.
  struct Slot {
    const CommandInfo* row = nullptr;
    bool taken = false;
  };

  static constexpr std::size_t size = 1024;
  std::array<Slot, size> slots_{};
};

constexpr Index rows;
constexpr CommandInfo any_command{.name = "command",
                                  .access = Access::write,
                                  .retry = Retry::accumulating,
                                  .reply_of = ReplyOf::script,
                                  .has_row = false,
                                  .operation = OperationId::other};

}  // namespace

const CommandInfo* lookup(std::string_view first, std::string_view second) noexcept {
  const std::uint32_t first_hash = hash(first);
  const CommandInfo* const alone =
      rows.find(first_hash, [=](std::string_view name) { return same(name, first); });
  if (second.empty() || (alone != nullptr && !has_subcommands(alone->name))) return alone;
  const CommandInfo* const both = rows.find(hash(second, hash(" ", first_hash)), [=](std::string_view name) {
    return name.size() == first.size() + 1 + second.size() && same(name.substr(0, first.size()), first) &&
           name[first.size()] == ' ' && same(name.substr(first.size() + 1), second);
  });
  return both != nullptr ? both : alone;
}

std::string_view operation_name(OperationId operation) noexcept {
  if (operation == OperationId::pipeline) return "PIPELINE";
  if (operation == OperationId::multi) return "MULTI";
  std::string_view name = "_OTHER";
  const auto look_at = [&name, operation](const CommandInfo& row) {
    if (row.operation == operation) name = row.name;
  };
  info::for_each(look_at);
  for (const CommandInfo& row : info::untyped) look_at(row);
  return name;
}

const CommandInfo& unknown_command() noexcept { return any_command; }

}  // namespace redstart::inline v0
