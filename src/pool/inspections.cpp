// SPDX-License-Identifier: Apache-2.0
// inspections.cpp: starts helper threads and completes the operations of inspections.
#include "inspections.hpp"

#include "../core/failures.hpp"
#include "inspection.hpp"

#include <algorithm>
#include <exception>
#include <optional>
#include <thread>

namespace redstart::inline v0::pool {

namespace {

constexpr std::string_view inspection_name = "validate_connection";

}  // namespace

// One operation and its helper thread. The lock of the owner guards `operation`.
class Inspections::Run final : public engine::OperationPlace, public std::enable_shared_from_this<Run> {
 public:
  Run(std::shared_ptr<Inspections> owner, engine::OperationNode& node, std::shared_ptr<Server> of,
      std::shared_ptr<ConnectionReport> into) noexcept
      : operation(&node),
        server(std::move(of)),
        report(std::move(into)),
        deadline(
            deadline_after(Clock::now(), node.options.timeout.value_or(server->config().timeouts.health))),
        owner_(std::move(owner)) {}

  void cancel(std::uint64_t /*id*/, engine::Cancellation /*how*/) noexcept override { owner_->cancel(*this); }

  engine::OperationNode* operation;  // null once it was completed
  const std::shared_ptr<Server> server;
  const std::shared_ptr<ConnectionReport> report;
  const TimePoint deadline;

 private:
  const std::shared_ptr<Inspections> owner_;
};

void Inspections::start(engine::OperationNode& operation, std::shared_ptr<Server> server,
                        std::shared_ptr<ConnectionReport> report) noexcept {
  const std::shared_ptr<Inspections> self = shared_from_this();  // the operation may destroy its channel
  const Server& of = *server;
  const auto refuse = [&](ErrorInfo why) {
    operation.finish(of.error(inspection_name, std::move(why)), nullptr);
    loops_->flush();
  };
  try {
    const auto run = std::make_shared<Run>(self, operation, std::move(server), std::move(report));
    {
      const std::scoped_lock lock(mutex_);
      if (stopped_) return refuse(failure::closed());
      if (threads_ == most) return refuse(failure::too_many_inspections(most));
      runs_.push_back(run);
      ++threads_;
      operation.taken_by(*run);
    }
    launch(run);
  } catch (const std::exception& error) {
    refuse(failure::out_of_resources(error.what()));
  }
}

void Inspections::launch(const RunPtr& run) {
  try {
    std::thread([self = shared_from_this(), run] {
      std::optional<ErrorInfo> why;
      ConnectionReport report;
      try {
        report = inspect(*run->server, run->deadline);
      } catch (const std::exception& error) {
        why = failure::out_of_resources(error.what());
      }
      self->ended(*run, std::move(report), std::move(why));
    }).detach();
  } catch (const std::exception& error) {
    const std::scoped_lock lock(mutex_);
    --threads_;
    complete(*run, failure::no_thread(error.what()));
  }
}

void Inspections::ended(Run& run, ConnectionReport&& report, std::optional<ErrorInfo> why) noexcept {
  const std::scoped_lock lock(mutex_);
  --threads_;
  if (run.operation == nullptr) return;
  *run.report = std::move(report);
  complete(run, std::move(why));
}

void Inspections::cancel(Run& run) noexcept {
  const std::scoped_lock lock(mutex_);
  complete(run, failure::cancelled(Effect::not_sent));
}

// Preconditions: the lock is held. The last owner of `run` may be the list.
void Inspections::complete(Run& run, std::optional<ErrorInfo> why) noexcept {
  engine::OperationNode* const operation = std::exchange(run.operation, nullptr);
  if (operation == nullptr) return;
  const RunPtr alive = run.shared_from_this();
  std::erase(runs_, alive);
  std::optional<Error> error;
  if (why) error = run.server->error(inspection_name, *std::move(why));
  operation->finish(std::move(error), nullptr);
  loops_->flush();
}

void Inspections::stop() noexcept {
  const std::scoped_lock lock(mutex_);
  stopped_ = true;
  while (!runs_.empty()) complete(*runs_.back(), failure::closed());
}

void Inspections::abandon() noexcept {
  std::vector<RunPtr> runs;
  std::vector<engine::OperationNode*> operations;
  {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
    runs.swap(runs_);
    for (const RunPtr& run : runs) operations.push_back(std::exchange(run->operation, nullptr));
  }
  for (engine::OperationNode* const operation : operations) operation->destroy();
}

}  // namespace redstart::inline v0::pool
