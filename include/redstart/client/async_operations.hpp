// SPDX-License-Identifier: Apache-2.0
// async_operations.hpp: operations that lease a connection, wait for one, or inspect a database.
#pragma once

#include <redstart/client/async_client.hpp>
#include <redstart/client/async_scoped_client.hpp>
#include <redstart/client/operation.hpp>
#include <redstart/core/clock.hpp>
#include <redstart/observe/connection_report.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace redstart::inline v0 {

namespace detail {

/// Receives the connection that was asked for.
class LeaseReceiver {
 public:
  using value_type = AsyncScopedClient;
  struct Seed {
    engine::AsyncChannelSource* source = nullptr;  ///< The operation's channel.
    CallSite where{};
  };

  explicit LeaseReceiver(Seed seed) noexcept : source_(seed.source), where_(seed.where) {}

  void start(engine::AsyncChannel&, engine::OperationNode& node) noexcept { source_->lease(node); }
  static void accept(std::string_view, const engine::Origin&, const engine::OperationNode&, bool) noexcept {}
  void grant(engine::AsyncChannelPtr&& lease) noexcept {
    lease->taken_at(where_);
    value = AsyncScopedClient(std::move(lease));
  }
  void fail(Error&& why) noexcept {
    error = std::move(why);
    value = AsyncScopedClient();
  }
  static void settle() noexcept {}

  std::optional<Error> error{};
  AsyncScopedClient value{};

 private:
  engine::AsyncChannelSource* source_;
  CallSite where_;
};

/// Holds a client until it is known whether its database can be reached.
class ReachableReceiver {
 public:
  using value_type = std::optional<AsyncClient>;
  using Seed = AsyncClient;

  explicit ReachableReceiver(Seed&& client) noexcept : value(std::move(client)) {}

  static void start(engine::AsyncChannel& channel, engine::OperationNode& node) noexcept {
    channel.start(node);
  }
  static void accept(std::string_view, const engine::Origin&, const engine::OperationNode&, bool) noexcept {}
  static void grant(engine::AsyncChannelPtr&&) noexcept {}
  void fail(Error&& why) noexcept {
    if (!is_unavailable(why.code()) && why.code() != Errc::timeout) error = std::move(why);
    value.reset();
  }
  static void settle() noexcept {}

  std::optional<Error> error{};
  std::optional<AsyncClient> value;
};

/// Receives the report of an inspection.
class ReportReceiver {
 public:
  using value_type = ConnectionReport;
  using Seed = std::shared_ptr<ConnectionReport>;  ///< The operation's channel writes the report there.

  explicit ReportReceiver(Seed&& report) noexcept : report_(std::move(report)) {}

  static void start(engine::AsyncChannel& channel, engine::OperationNode& node) noexcept {
    channel.start(node);
  }
  static void accept(std::string_view, const engine::Origin&, const engine::OperationNode&, bool) noexcept {}
  static void grant(engine::AsyncChannelPtr&&) noexcept {}
  void fail(Error&& why) noexcept { error = std::move(why); }
  void settle() {
    if (!error) value = std::move(*report_);
  }

  std::optional<Error> error{};
  ConnectionReport value{};

 private:
  Seed report_;
};

}  // namespace detail

using ReportOperation =
    Operation<ConnectionReport, void(std::exception_ptr, ConnectionReport), detail::ReportReceiver>;
using LeaseOperation =
    Operation<AsyncScopedClient, void(std::exception_ptr, AsyncScopedClient), detail::LeaseReceiver>;
using ReachableOperation =
    Operation<std::optional<AsyncClient>, void(std::exception_ptr, std::optional<AsyncClient>),
              detail::ReachableReceiver>;

namespace detail {

/// A request that waits for a connection and sends nothing.
[[nodiscard]] inline engine::OwnedRequest no_command() {
  engine::OwnedRequest request;
  request.replies = 0;
  return request;
}

}  // namespace detail

/// Completes with a handle on a connection of its own. `timeout`: for getting it; unset: the database's
/// limit.
[[nodiscard]] inline LeaseOperation lease_operation(const engine::AsyncChannelSourcePtr& source,
                                                    TimeLimit timeout = {},
                                                    CallSite where = CallSite::here()) {
  return LeaseOperation(source, detail::no_command(), engine::CallOptions{timeout},
                        detail::LeaseReceiver::Seed{source.get(), where});
}

/// Waits for a ready connection; completes with a client, or empty when the database can't serve now.
[[nodiscard]] inline ReachableOperation reachable_operation(const engine::AsyncChannelPtr& channel,
                                                            TimeLimit timeout = {}) {
  return ReachableOperation(channel, detail::no_command(), engine::CallOptions{timeout},
                            AsyncClient(channel));
}

}  // namespace redstart::inline v0
