// SPDX-License-Identifier: Apache-2.0
// inspections.hpp: runs inspections on helper threads, as asynchronous operations.
#pragma once

#include "../net/loop.hpp"
#include "server.hpp"

#include <redstart/engine/async_channel.hpp>
#include <redstart/observe/connection_report.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace redstart::inline v0::pool {

/// The inspections of a manager that are under way. Each has a helper thread, so that it blocks no loop. An
/// operation that ends before its inspection (cancelled, shutdown) leaves the thread behind until the limit
/// of the inspection, and the report is dropped.
///
/// Thread safety: full. Completions are posted under a lock that `abandon` takes, so that nothing is posted
/// to a context that is being destroyed.
class Inspections : public std::enable_shared_from_this<Inspections> {
 public:
  static constexpr std::size_t most = 16;  ///< Helper threads at a time.

  explicit Inspections(std::shared_ptr<net::Loops> loops) : loops_(std::move(loops)) {}
  Inspections(const Inspections&) = delete;
  Inspections& operator=(const Inspections&) = delete;

  /// Inspects the server on a helper thread and completes the operation once `report` is filled.
  void start(engine::OperationNode& operation, std::shared_ptr<Server> server,
             std::shared_ptr<ConnectionReport> report) noexcept;
  /// Completes all operations, and those that follow, with `Errc::closed`.
  void stop() noexcept;
  /// The loops' context is being destroyed: drops all operations without completing them.
  void abandon() noexcept;
  [[nodiscard]] const std::shared_ptr<net::Loops>& loops() const noexcept { return loops_; }

 private:
  class Run;
  using RunPtr = std::shared_ptr<Run>;

  void launch(const RunPtr& run);
  void cancel(Run& run) noexcept;
  void ended(Run& run, ConnectionReport&& report, std::optional<ErrorInfo> why) noexcept;
  void complete(Run& run, std::optional<ErrorInfo> why) noexcept;

  const std::shared_ptr<net::Loops> loops_;
  std::mutex mutex_{};
  std::vector<RunPtr> runs_{};  // those with an operation
  std::size_t threads_ = 0;
  bool stopped_ = false;
};

/// Carries one inspection.
class InspectionChannel final : public engine::AsyncChannel {
 public:
  InspectionChannel(std::shared_ptr<Inspections> inspections, std::shared_ptr<Server> server,
                    std::shared_ptr<ConnectionReport> report) noexcept
      : inspections_(std::move(inspections)), server_(std::move(server)), report_(std::move(report)) {}

  void start(engine::OperationNode& operation) noexcept override {
    inspections_->start(operation, server_, report_);
  }
  [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept override {
    return inspections_->loops()->default_executor();
  }
  [[nodiscard]] engine::Exclusive exclusive() const noexcept override { return engine::Exclusive::yes; }
  [[nodiscard]] const engine::Origin& origin() const noexcept override { return server_->origin(); }

 private:
  const std::shared_ptr<Inspections> inspections_;
  const std::shared_ptr<Server> server_;
  const std::shared_ptr<ConnectionReport> report_;
};

}  // namespace redstart::inline v0::pool
