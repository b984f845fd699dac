// SPDX-License-Identifier: Apache-2.0
// refusing_channel.hpp: stands for a pool that is gone: every operation ends with the same error.
#pragma once

#include "../net/io_threads.hpp"

#include <redstart/engine/async_channel.hpp>

#include <cstdint>
#include <utility>

namespace redstart::manager {

/// Thread safety: full.
class RefusingChannel final : public engine::AsyncChannel {
 public:
  explicit RefusingChannel(Error error) : error_(std::move(error)) {}

  void start(engine::OperationNode& operation) noexcept override {
    operation.finish(error_, nullptr);
    net::late_loop().flush();
  }
  void lease(engine::OperationNode& operation) noexcept override { start(operation); }
  void cancel(std::uint64_t, engine::Cancellation) noexcept override {}

  [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept override {
    return net::late_loop().home();
  }
  [[nodiscard]] engine::Exclusive exclusive() const noexcept override { return engine::Exclusive::yes; }
  void mark_dirty() noexcept override {}
  [[nodiscard]] const engine::Origin& origin() const noexcept override { return origin_; }

 private:
  const Error error_;
  const engine::Origin origin_{error_.info().database, error_.info().endpoint};
};

}  // namespace redstart::manager
