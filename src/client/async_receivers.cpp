// SPDX-License-Identifier: Apache-2.0
// async_receivers.cpp: errors of asynchronous operations: their words, and the exceptions that they become.
#include <redstart/client/async_receivers.hpp>

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

std::optional<Error> refusal_of(const engine::AsyncChannel& channel, const engine::OwnedRequest& request) {
  if (request.traits.lacks_arguments)
    return engine::no_arguments(channel.origin(), engine::title_of(request));
  return engine::refused_session(channel.origin(), channel.exclusive(), request.traits.session,
                                 request.bytes.view());
}

}  // namespace redstart::inline v0::detail
