// SPDX-License-Identifier: Apache-2.0
// reply_to.cpp: the sinks that most commands use, and why a command is not sent.
#include <redstart/client/execute.hpp>
#include <redstart/client/reply_to.hpp>

namespace redstart::inline v0::detail {

std::optional<Error> refusal_of(const engine::Channel& channel, const engine::Request& request) {
  const engine::Origin origin{std::string(channel.database()), std::string(channel.endpoint())};
  const engine::RequestTraits& traits = request.traits();
  if (traits.lacks_arguments) return engine::no_arguments(origin, traits.name);
  return engine::refused_session(origin, channel.exclusive(), traits.session, request.outgoing().bytes);
}

template class ReplyTo<bool>;
template class ReplyTo<std::int64_t>;
template class ReplyTo<std::string>;
template class ReplyTo<std::optional<std::string>>;

}  // namespace redstart::inline v0::detail
