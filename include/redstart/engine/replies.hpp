// SPDX-License-Identifier: Apache-2.0
// replies.hpp: the replies of a batch as they came, decoded when they are looked at.
#pragma once

#include <redstart/core/error.hpp>
#include <redstart/engine/reply_buffer.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::inline v0::engine {

/// Where replies came from, for messages.
struct Origin {
  std::string database{};
  std::string endpoint{};
  bool authenticates = false;  ///< Connections pass AUTH before they carry commands.
};

/// The frames of a batch, and the error that stands for those that did not come.
struct Replies {
  struct Frame {
    std::size_t begin = 0;
    std::size_t size = 0;
  };

  ReplyBuffer bytes{};
  std::vector<Frame> frames{};
  std::size_t errors = 0;              ///< Frames that are errors of the server.
  std::size_t sent = 0;                ///< Commands whose last byte reached the kernel.
  std::optional<Error> rest{};         ///< Of commands that were sent and not answered.
  std::optional<Error> rest_unsent{};  ///< Of commands that were not sent.
  Origin origin{};

  [[nodiscard]] std::string_view frame(std::size_t i) const noexcept {
    return bytes.view().substr(frames[i].begin, frames[i].size);
  }
};

}  // namespace redstart::inline v0::engine
