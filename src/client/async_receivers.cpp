// SPDX-License-Identifier: Apache-2.0
// async_receivers.cpp: errors of asynchronous operations, and their exceptions.
#include <redstart/client/async_receivers.hpp>
#include <redstart/engine/session_check.hpp>

namespace redstart::inline v0::detail {

std::exception_ptr exception_of(const Error& error) {
  if (is_unavailable(error.code())) return std::make_exception_ptr(Unavailable(error));
  if (error.code() == Errc::timeout) return std::make_exception_ptr(Timeout(error));
  if (error.code() == Errc::server_error) return std::make_exception_ptr(ServerError(error));
  return std::make_exception_ptr(error);
}

Error error_in(std::string_view frame, const engine::Origin& origin, const engine::OperationNode& operation) {
  return engine::server_error(origin, engine::title_of(operation.request), resp::error_text(frame),
                              operation.request.traits.reply_of, operation.attempts + 1U);
}

std::optional<Error> refusal_of(const engine::AsyncChannel& channel, const engine::OperationNode& operation) {
  if (operation.batch != nullptr) return std::nullopt;
  engine::RequestTraits traits = operation.request.traits;
  traits.name = engine::title_of(operation.request);
  return engine::refusal_of(channel.origin(), channel.exclusive(), engine::Queues::no, traits,
                            operation.request.bytes.view());
}

}  // namespace redstart::inline v0::detail
