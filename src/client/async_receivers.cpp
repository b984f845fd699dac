// SPDX-License-Identifier: Apache-2.0
// async_receivers.cpp: errors of asynchronous operations: their words, and the exceptions that they become.
#include <redstart/client/async_receivers.hpp>
#include <redstart/commands/session_state.hpp>

namespace redstart::inline v0::detail {

namespace {

// The word after `first` in an encoded command, empty where there is none.
std::string_view second_word(std::string_view encoded, std::string_view first) {
  if (first.empty()) return {};
  const auto behind = static_cast<std::size_t>(first.data() + first.size() - encoded.data());
  return engine::command_name(encoded.substr(behind));
}

}  // namespace

std::exception_ptr exception_of(const Error& error) {
  if (is_unavailable(error.code())) return std::make_exception_ptr(Unavailable(error));
  if (error.code() == Errc::timeout) return std::make_exception_ptr(Timeout(error));
  if (error.code() == Errc::server_error) return std::make_exception_ptr(ServerError(error));
  return std::make_exception_ptr(error);
}

std::string title_of(const engine::OwnedRequest& request) {
  const std::string_view encoded = request.bytes.view();
  const std::string_view first = engine::command_name(encoded);
  const CommandInfo* const row = lookup(first, second_word(encoded, first));
  return std::string(row != nullptr ? row->name : first);
}

Error error_in(std::string_view frame, const engine::Origin& origin, const engine::OperationNode& operation) {
  return engine::server_error(origin, title_of(operation.request), resp::error_text(frame),
                              operation.request.reply_of, operation.attempts + 1U);
}

std::optional<Error> refusal_of(const engine::AsyncChannel& channel, const engine::OwnedRequest& request) {
  if (request.lacks_arguments) return engine::no_arguments(channel.origin(), title_of(request));
  return engine::refused_session(channel.origin(), channel.exclusive(), request.session,
                                 request.bytes.view());
}

}  // namespace redstart::inline v0::detail
