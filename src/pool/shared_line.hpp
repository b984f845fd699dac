// SPDX-License-Identifier: Apache-2.0
// shared_line.hpp: a connection that many callers share, for as long as its pool lives.
#pragma once

#include "line.hpp"

#include <memory>

namespace redstart::pool {

/// Opened when something is first sent over it; after a loss again and again, as the reconnect policy allows,
/// whether anybody waits or not; closed while idle.
class SharedLine final : public Line {
 public:
  [[nodiscard]] static std::shared_ptr<SharedLine> make(std::shared_ptr<LineShop> shop, net::Loop loop);
  explicit SharedLine(std::shared_ptr<LineShop> shop) : Line(std::move(shop)) {}

  /// Opens it, if it is not open. On every thread.
  void warm_up();

 private:
  void refused(const Error& error, Time next) override;
  void postponed() override;
  void opened(net::AsyncConnection& connection) override;
  void answered(net::AsyncConnection& connection, std::size_t commands, std::size_t errors,
                std::chrono::nanoseconds latency) override;
  void closed(net::AsyncConnection& connection, CloseReason reason) override;
  void idle(net::AsyncConnection&) override {}
  void on_ended() override {}
  void retire();

  bool has_served_ = false;  // since it was opened
};

}  // namespace redstart::pool
