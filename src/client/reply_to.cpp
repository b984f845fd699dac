// SPDX-License-Identifier: Apache-2.0
// reply_to.cpp: the sinks that most commands use.
#include <redstart/client/reply_to.hpp>

namespace redstart::inline v0::detail {

template class ReplyTo<bool>;
template class ReplyTo<std::int64_t>;
template class ReplyTo<std::string>;
template class ReplyTo<std::optional<std::string>>;

}  // namespace redstart::inline v0::detail
