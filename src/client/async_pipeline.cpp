// SPDX-License-Identifier: Apache-2.0
// async_pipeline.cpp: keeps the replies of a batch as they come.
#include <redstart/client/async_pipeline.hpp>

#include <cstring>

namespace redstart::inline v0::detail {

void RepliesReceiver::accept(std::string_view frame, const engine::Origin& origin,
                             const engine::OperationNode& operation, bool /*runs_here*/) noexcept {
  // If a reply could not be kept, the ones after it would be taken for others.
  if (why_) return;
  try {
    if (replies_.frames.empty()) replies_.frames.reserve(operation.request.replies);
    replies_.bytes.reserve(frame.size());
    std::memcpy(replies_.bytes.end(), frame.data(), frame.size());
    replies_.frames.push_back({replies_.bytes.size(), frame.size()});
    replies_.bytes.commit(frame.size());
    if (resp::is_error_frame(frame)) ++replies_.errors;
  } catch (...) {
    why_ = engine::codec_error(origin, "pipeline");
  }
}

void RepliesReceiver::settle() {
  if (why_) [[unlikely]]
    engine::fail_rest(replies_, commands_, sent_, *why_);
  value = Replies(std::move(replies_), std::move(commands_.rows));
}

}  // namespace redstart::inline v0::detail
