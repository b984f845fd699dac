// SPDX-License-Identifier: Apache-2.0
// refusal.cpp: redacts error replies with the secrets that they may repeat.
#include "refusal.hpp"

#include "secret_arguments.hpp"

#include <redstart/resp/error_text.hpp>

#include <cstring>
#include <utility>
#include <vector>

namespace redstart::inline v0::engine {

namespace {

// Above this size, the other replies are copied, so that replaced error replies don't stay in memory.
constexpr std::size_t large_refusal = 64 * 1024;

void append(ReplyBuffer& to, std::string_view bytes) {
  to.reserve(bytes.size());
  std::memcpy(to.end(), bytes.data(), bytes.size());
  to.commit(bytes.size());
}

void pack(Replies& replies) {
  ReplyBuffer packed;
  for (Replies::Frame& frame : replies.frames) {
    const std::size_t begin = packed.size();
    append(packed, replies.bytes.view().substr(frame.begin, frame.size));
    frame.begin = begin;
  }
  replies.bytes = std::move(packed);
}

}  // namespace

std::string refusal_text(std::string_view frame, const Outgoing& command, const DatabaseConfig& config) {
  std::vector<std::string_view> secrets = secret_arguments(command);
  if (!config.password.empty()) secrets.push_back(config.password.reveal());
  return resp::error_text(frame, secrets);
}

std::string refusal_frame(std::string_view frame, const Outgoing& command, const DatabaseConfig& config) {
  return '-' + refusal_text(frame, command, config) + "\r\n";
}

void replace_refusals(Replies& replies, const Batch& batch, const DatabaseConfig& config) {
  if (replies.errors == 0) return;
  bool large = false;
  for (std::size_t i = 0; i < replies.frames.size(); ++i) {
    const std::string_view frame = replies.frame(i);
    if (!resp::is_error_frame(frame)) continue;
    const std::string shown = refusal_frame(frame, {batch.encoded(i), {}}, config);
    if (shown == frame) continue;
    large = large || frame.size() > large_refusal;
    replies.frames[i] = {replies.bytes.size(), shown.size()};
    append(replies.bytes, shown);
  }
  if (large) pack(replies);
}

}  // namespace redstart::inline v0::engine
