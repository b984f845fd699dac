// SPDX-License-Identifier: Apache-2.0
// refusing_channel.hpp: a channel whose operations all fail with the same error.
#pragma once

#include "../net/io_threads.hpp"

#include <redstart/engine/async_channel.hpp>

#include <utility>

namespace redstart::inline v0::manager {

/// Thread safety: full.
class RefusingChannel final : public engine::AsyncChannelSource {
 public:
  explicit RefusingChannel(ErrorInfo why) : origin_{why.database, why.endpoint}, why_(std::move(why)) {}

  void start(engine::OperationNode& operation) noexcept override {
    operation.finish(Error(why_), nullptr);
    net::late_loop().flush();
  }
  void lease(engine::OperationNode& operation) noexcept override { start(operation); }

  [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept override {
    return net::late_loop().default_executor();
  }
  [[nodiscard]] engine::Exclusive exclusive() const noexcept override { return engine::Exclusive::yes; }
  [[nodiscard]] const engine::Origin& origin() const noexcept override { return origin_; }

 private:
  const engine::Origin origin_;
  const ErrorInfo why_;
};

}  // namespace redstart::inline v0::manager
