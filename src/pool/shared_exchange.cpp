// SPDX-License-Identifier: Apache-2.0
// shared_exchange.cpp: runs synchronous calls as operations of the engine.
#include "shared_exchange.hpp"

#include "../core/failures.hpp"
#include "large_work.hpp"
#include "shared_call.hpp"

#include <redstart/resp/error_text.hpp>

#include <string>
#include <utility>

namespace redstart::inline v0::pool {

namespace {

// With `integrity`, the asynchronous pool carries these, because direct connections do not check replies. It
// decides whether they get an exclusive connection.
constexpr std::size_t largest_checked_batch = std::size_t{1} << 20;

void append(const engine::Outgoing& out, resp::Buffer& to) {
  std::size_t at = 0;
  for (const resp::External& external : out.external) {
    to.append(out.bytes.substr(at, external.offset - at));
    to.append({external.data, external.size});
    at = external.offset;
  }
  to.append(out.bytes.substr(at));
}

// Starts the call and waits. Null: the engine still has it, and `end` is the reason.
SharedCall::Ptr run(AsyncPool& pool, Server& server, SharedCall::Ptr call, const engine::CallOptions& options,
                    SharedCall::End& end) {
  call->options = options;
  const TimePoint until = server.database().deadline(Clock::now(), options);
  SharedCall* const started = call.release();  // belongs to both from here on
  const net::AsyncConnection* const carrier = pool.carry(*started);
  end = started->wait(until, carrier);
  return SharedCall::Ptr(end == SharedCall::End::finished ? started : nullptr);
}

}  // namespace

bool sharable(const Database& database, const engine::Request& request,
              const engine::CallOptions& options) noexcept {
  if (request.traits().blocks_for || database.outlasts_silence(options.timeout)) return false;
  std::size_t size = request.outgoing().bytes.size();
  for (const resp::External& external : request.outgoing().external) size += external.size;
  if (is_large_work(size, 1)) return false;
  return database.config().integrity ||
         !expects_large_reply(database, request.outgoing().bytes, request.traits());
}

bool sharable(const Database& database, const engine::Batch& batch,
              const engine::CallOptions& options) noexcept {
  if (batch.traits.blocks_for || database.outlasts_silence(options.timeout)) return false;
  if (database.config().integrity) return batch.bytes.size() <= largest_checked_batch;
  return !is_large_work(batch.bytes.size(), batch.size()) &&
         !database.large_replies().expects(batch.bytes.view());
}

std::optional<Error> exchange_shared(AsyncPool& pool, Server& server, const engine::Request& request,
                                     engine::ReplySink& sink, const engine::CallOptions& options) {
  const engine::RequestTraits& traits = request.traits();
  SharedCall::Ptr call = SharedCall::take();
  append(request.outgoing(), call->request.bytes);
  call->request.traits.retry = traits.retry;
  call->request.traits.reply_of = traits.reply_of;
  call->request.traits.operation = traits.operation;
  SharedCall::End end{};
  call = run(pool, server, std::move(call), options, end);
  if (!call)
    return server.failed(
        traits.name, 1,
        failure::io_thread_stuck(end == SharedCall::End::revoked ? Effect::not_sent : Effect::indeterminate));
  std::optional<Error> error = std::move(call->error());
  if (!error) {
    const std::string_view frame = call->replies().frame(0);
    if (resp::is_error_frame(frame))
      error = engine::server_error(server.origin(), traits.name, resp::error_text(frame), traits.reply_of,
                                   call->attempts + 1U);
    else {
      sink.comes_from(server.origin());
      sink.frame(frame);
    }
  }
  SharedCall::keep(std::move(call));
  return error;
}

engine::Replies exchange_batch_shared(AsyncPool& pool, Server& server, const engine::Batch& batch,
                                      const engine::CallOptions& options) {
  SharedCall::Ptr call = SharedCall::take();
  call->request.bytes.append(batch.bytes.view());
  call->request.replies = static_cast<std::uint32_t>(batch.size());
  call->request.traits.retry = Retry::accumulating;
  call->request.traits.reply_of = batch.traits.reply_of;
  call->request.traits.operation = batch.traits.operation;
  call->replies().frames.reserve(batch.size());
  SharedCall::End end{};
  call = run(pool, server, std::move(call), options, end);
  engine::Replies replies;
  std::optional<Error> error;
  std::size_t reached = batch.bytes.size();
  if (call) {
    replies = std::move(call->replies());
    error = std::move(call->error());
    reached = call->reached;
    call->replies() = {};
    SharedCall::keep(std::move(call));
  } else {
    error = server.failed(
        "pipeline", batch.size(),
        failure::io_thread_stuck(end == SharedCall::End::revoked ? Effect::not_sent : Effect::indeterminate));
  }
  replies.origin = server.origin();
  replies.sent = batch.size();
  if (error) engine::fail_rest(replies, batch.commands, reached, *error);
  return replies;
}

}  // namespace redstart::inline v0::pool
