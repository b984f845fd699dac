// SPDX-License-Identifier: Apache-2.0
// replies.hpp: the replies to a batch, decoded when they are read.
#pragma once

#include <redstart/core/error.hpp>
#include <redstart/engine/origin.hpp>
#include <redstart/engine/reply_buffer.hpp>

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::inline v0::engine {

/// The replies to a batch. Each of its commands has a frame or a failure.
struct Replies {
  /// Where a reply is in `bytes`. Size 0: the command has no reply.
  struct Frame {
    std::size_t begin = 0;
    std::size_t size = 0;
  };
  /// Why the commands from `begin` to before `end` have no reply.
  struct Failure {
    std::size_t begin = 0;
    std::size_t end = 0;
    Error error;
  };

  ReplyBuffer bytes{};
  std::vector<Frame> frames{};  ///< In the order of the commands; the last ones may be missing.
  std::size_t errors = 0;       ///< Frames that are errors of the server.
  std::size_t sent = 0;         ///< Commands whose last byte reached the kernel.
  std::vector<Failure> failures{};
  Origin origin{};

  [[nodiscard]] bool has(std::size_t i) const noexcept { return i < frames.size() && frames[i].size != 0; }
  /// Preconditions: `has(i)`.
  [[nodiscard]] std::string_view frame(std::size_t i) const noexcept {
    return bytes.view().substr(frames[i].begin, frames[i].size);
  }
  /// The server that replied to command `i`.
  [[nodiscard]] const Origin& origin_of(std::size_t i) const noexcept {
    static_cast<void>(i);
    return origin;
  }
  /// Why command `i` has no reply; null if it has one, or is none of the batch.
  [[nodiscard]] const Error* failure(std::size_t i) const noexcept {
    for (const Failure& failure : failures)
      if (failure.begin <= i && i < failure.end) return &failure.error;
    return nullptr;
  }
  /// Notes why the commands from `begin` to before `end` have no reply.
  void fail(std::size_t begin, std::size_t end, Error error) {
    if (begin < end) failures.push_back({begin, end, std::move(error)});
  }
};

}  // namespace redstart::inline v0::engine
