// SPDX-License-Identifier: Apache-2.0
// client_provider.cpp: creates scoped and asynchronous handles.
#include <redstart/client/async_client.hpp>
#include <redstart/client/async_operations.hpp>
#include <redstart/manager/client_provider.hpp>

#include "refusing_channel.hpp"

#include <memory>
#include <utility>

namespace redstart::inline v0 {

namespace {

// A database that is not to be had ends the operation; what no outage explains is thrown.
engine::AsyncChannelSourcePtr or_refusing(Result<engine::AsyncChannelSourcePtr> found) {
  if (found) return *std::move(found);
  if (!is_unavailable(found.error().code())) found.error().raise();
  return std::make_shared<manager::RefusingChannel>(found.error().info());
}

}  // namespace

ScopedClient ClientProvider::scoped_client(std::string_view database, TimeLimit timeout, CallSite where) {
  const TimePoint deadline = deadline_after(Clock::now(), timeout.value_or(no_limit));
  const engine::ChannelSourcePtr pool = channel(database, timeout).value();
  if (timeout.is_set()) timeout = deadline - Clock::now();
  return ScopedClient(pool->lease({timeout}, where).value());
}

AsyncClient ClientProvider::async_client(std::string_view database) {
  auto found = async_channel(database);
  if (!found) found.error().raise();
  if (const auto error = outage(database)) error->raise();
  return AsyncClient(*std::move(found));
}

AsyncClient ClientProvider::async_client(RedisDatabase database) { return async_client(to_string(database)); }

ReachableOperation ClientProvider::optional_async_client(std::string_view database, TimeLimit timeout) {
  return reachable_operation(or_refusing(async_channel(database)), timeout);
}

ReachableOperation ClientProvider::optional_async_client(RedisDatabase database, TimeLimit timeout) {
  return optional_async_client(to_string(database), timeout);
}

LeaseOperation ClientProvider::scoped_async_client(std::string_view database, TimeLimit timeout,
                                                   CallSite where) {
  return lease_operation(or_refusing(async_channel(database)), timeout, where);
}

LeaseOperation ClientProvider::scoped_async_client(RedisDatabase database, TimeLimit timeout,
                                                   CallSite where) {
  return scoped_async_client(to_string(database), timeout, where);
}

Result<engine::AsyncChannelSourcePtr> ClientProvider::async_channel(std::string_view database) {
  ErrorInfo info;
  info.code = Errc::invalid_argument;
  info.remedy = Remedy::never;
  info.database = database;
  info.what = "this provider has no asynchronous clients";
  info.advice = "Override ClientProvider::async_channel, or use a RedisConnectionManager";
  return Error(std::move(info));
}

std::optional<Error> ClientProvider::outage(std::string_view) { return std::nullopt; }

}  // namespace redstart::inline v0
