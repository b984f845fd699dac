// SPDX-License-Identifier: Apache-2.0
// outbox.hpp: bytes on their way from a link to the kernel.
#pragma once

#include <redstart/engine/operation_node.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <string_view>

namespace redstart::inline v0::protocol {

/// Counts the bytes of one connection, and keeps those that the kernel has not accepted yet. The bytes of a
/// large operation stay where they are until then.
///
/// Thread safety: none.
class Outbox {
 public:
  using Node = engine::OperationNode;

  /// Bytes that were passed to `write`, and bytes that the kernel has accepted, since the connection is
  /// ready.
  [[nodiscard]] std::uint64_t gathered() const noexcept { return gathered_; }
  [[nodiscard]] std::uint64_t written() const noexcept { return written_; }
  /// True if everything that was gathered was accepted.
  [[nodiscard]] bool flushed() const noexcept { return written_ == gathered_; }
  /// Records bytes that will be sent.
  void gather(std::size_t bytes) noexcept { gathered_ += bytes; }
  /// The kernel has accepted the first `bytes` of what had to be sent.
  void accepted(std::size_t bytes) noexcept {
    written_ += bytes;
    if (!is_empty()) [[unlikely]]
      drop(bytes);
  }

  /// Keeps a copy of what the kernel did not accept.
  void keep(std::string_view bytes) { rest_.assign(bytes); }
  /// Keeps what the kernel did not accept: the bytes of `operation` from `at` on.
  void keep(const Node& operation, std::size_t at) noexcept {
    large_ = &operation;
    at_ = at;
  }
  /// `operation` ends, although its bytes must still be sent. Without memory for them the connection is
  /// closed, as after a failed write.
  void detach(const Node& operation) noexcept {
    if (large_ != &operation) return;
    try {
      rest_.assign(operation.request.bytes.view().substr(at_));
    } catch (const std::bad_alloc&) {
      error_ = ENOMEM;
    }
    large_ = nullptr;
    at_ = 0;
  }
  /// True if no bytes wait.
  [[nodiscard]] bool is_empty() const noexcept { return large_ == nullptr && rest_.empty(); }
  /// The next bytes to be sent. Empty if none wait.
  [[nodiscard]] std::string_view waiting() const noexcept {
    return (large_ != nullptr ? large_->request.bytes.view() : std::string_view(rest_)).substr(at_);
  }

  /// The errno value of a write that failed: nothing more is sent. 0: none.
  [[nodiscard]] int error() const noexcept { return error_; }
  void failed(int error) noexcept { error_ = error; }

  /// The connection was closed: the bytes that wait are dropped. `written` stays.
  void close() noexcept {
    std::string().swap(rest_);
    large_ = nullptr;
    at_ = 0;
    error_ = 0;
  }
  /// A new connection is ready.
  void reset() noexcept { gathered_ = written_ = 0; }

 private:
  void drop(std::size_t bytes) noexcept {
    at_ += bytes;
    if (!waiting().empty()) return;
    std::string().swap(rest_);
    large_ = nullptr;
    at_ = 0;
  }

  std::uint64_t gathered_ = 0;
  std::uint64_t written_ = 0;
  std::string rest_{};           // from `at_` on: not accepted yet
  const Node* large_ = nullptr;  // instead of `rest_`: an operation in flight, whose bytes from `at_` on wait
  std::size_t at_ = 0;
  int error_ = 0;
};

}  // namespace redstart::inline v0::protocol
