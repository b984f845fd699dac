// SPDX-License-Identifier: Apache-2.0
// fences.hpp: proves that replies belong to their commands.
#pragma once

#include <redstart/resp/type.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace redstart::inline v0::protocol {

/// The optional stage of `integrity`. A fence is an ECHO of a number behind each block of commands. Replies
/// are held until the reply to the fence behind them has arrived: if a reply was lost, repeated or invented,
/// the fence is not where it should be.
///
/// Thread safety: none.
class Fences {
 public:
  /// *2\r\n$4\r\nECHO\r\n$16\r\n<nonce>\r\n
  static constexpr std::string_view head = "*2\r\n$4\r\nECHO\r\n$16\r\n";
  static constexpr std::size_t size = head.size() + 18;

  /// A held reply: where it is in the received bytes.
  struct Held {
    std::size_t begin;
    std::size_t end;
    resp::Type type;
  };

  explicit Fences(std::uint64_t nonce) noexcept : nonce_(nonce) {}

  /// Writes a new fence of `size` bytes, and returns its number, which is not 0.
  std::uint64_t write(char* at) noexcept {
    if (++nonce_ == 0) ++nonce_;
    head.copy(at, head.size());
    write_nonce(at + head.size(), nonce_);
    std::string_view("\r\n").copy(at + size - 2, 2);
    return nonce_;
  }
  /// True if `frame` is the reply to the fence of this number.
  [[nodiscard]] static bool proves(std::string_view frame, std::uint64_t nonce) noexcept {
    char wanted[16];
    write_nonce(wanted, nonce);
    return frame.size() == 23 && frame.starts_with("$16\r\n") &&
           frame.substr(5, 16) == std::string_view(wanted, 16);
  }

  [[nodiscard]] bool holds() const noexcept { return !held_.empty(); }
  /// True if the held replies are proven and not all delivered yet.
  [[nodiscard]] bool proven() const noexcept { return left_ != 0; }
  /// Holds a reply of the entry `entry`, which has `replies` replies. The first one begins a run.
  /// Returns true if it was the entry's last reply. Errors: std::bad_alloc.
  bool hold(const Held& reply, std::uint64_t first_entry, std::uint32_t replies) {
    if (held_.empty()) start(first_entry);
    held_.push_back(reply);
    if (++replies_ != replies) return false;
    ++entry_;
    replies_ = 0;
    return true;
  }
  /// The reply to the fence has arrived: all held replies may be delivered. Errors: std::bad_alloc.
  void prove(const Held& fence) {
    held_.push_back(fence);
    left_ = held_.size();
  }
  /// The sequence number of the entry that the next reply belongs to, and how many of its replies are held.
  [[nodiscard]] std::uint64_t entry(std::uint64_t first_entry) const noexcept {
    return held_.empty() ? first_entry : entry_;
  }
  [[nodiscard]] std::uint32_t replies_held() const noexcept { return held_.empty() ? 0 : replies_; }
  /// Takes the next proven reply. The last one is the fence. Preconditions: `proven`.
  Held next() noexcept {
    const Held reply = held_[held_.size() - left_];
    if (--left_ == 0) {
      held_.clear();
      pushes_ = 0;
    }
    return reply;
  }
  /// Only the fence is left.
  [[nodiscard]] bool fence_is_next() const noexcept { return left_ == 1; }

  /// Counts bytes of a push between held replies. Returns their number so far.
  std::size_t push(std::size_t bytes) noexcept { return pushes_ += bytes; }
  /// The first `n` received bytes were dropped.
  void discard(std::size_t n) noexcept {
    for (Held& held : held_) {
      held.begin -= n;
      held.end -= n;
    }
  }
  /// The connection was closed.
  void clear() noexcept {
    held_.clear();
    left_ = pushes_ = 0;
  }
  /// Frees the memory that an idle link does not need.
  void release() noexcept {
    if (held_.empty()) std::vector<Held>().swap(held_);
  }

 private:
  void start(std::uint64_t entry) noexcept {
    entry_ = entry;
    replies_ = 0;
  }
  static void write_nonce(char* into, std::uint64_t nonce) noexcept {
    for (int digit = 15; digit >= 0; --digit, nonce >>= 4) into[digit] = "0123456789abcdef"[nonce & 15];
  }

  std::uint64_t nonce_;  // of the last fence
  std::vector<Held> held_{};
  std::size_t left_ = 0;       // proven and not delivered yet
  std::size_t pushes_ = 0;     // bytes of pushes between the held replies
  std::uint64_t entry_ = 0;    // sequence number of the entry that the next reply belongs to
  std::uint32_t replies_ = 0;  // replies of that entry that are held
};

}  // namespace redstart::inline v0::protocol
