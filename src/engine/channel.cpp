// SPDX-License-Identifier: Apache-2.0
// channel.cpp: errors that replies turn into.
#include "../core/failures.hpp"

#include <redstart/core/peer_text.hpp>
#include <redstart/core/server_reply.hpp>
#include <redstart/engine/channel.hpp>

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

namespace redstart::inline v0::engine {

namespace {

ErrorInfo at(const Origin& origin, std::string_view command) {
  ErrorInfo info;
  info.command = command;
  info.database = origin.database;
  info.endpoint = origin.endpoint;
  return info;
}

}  // namespace

Error decode_error(const Origin& origin, std::string_view command, const resp::DecodeIssue& issue) {
  ErrorInfo info = at(origin, command);
  info.code = Errc::decode_error;
  info.effect = Effect::server_error;
  info.remedy = Remedy::never;
  info.what = "the reply has another type: " + issue.describe();
  info.advice = "The command was executed; ask for a type that fits its reply";
  return Error(std::move(info));
}

Error codec_error(const Origin& origin, std::string_view command) {
  ErrorInfo info = at(origin, command);
  info.code = Errc::decode_error;
  info.effect = Effect::server_error;
  info.remedy = Remedy::never;
  info.what = "the codec failed";
  try {
    throw;
  } catch (const std::exception& error) {
    info.what += ": " + peer_text(error.what());
  } catch (...) {
    info.what += " with an exception of an unknown type";
  }
  info.advice = "The command was executed; its reply could not be read";
  return Error(std::move(info));
}

Error server_error(const Origin& origin, std::string_view command, std::string_view message, ReplyOf of,
                   unsigned attempts) {
  ErrorInfo info = at(origin, command);
  const ServerVerdict verdict = classify(message, of, origin.authenticates);
  info.code = Errc::server_error;
  info.effect = verdict.effect;
  info.remedy = verdict.remedy;
  info.attempts = attempts;
  // Servers repeat the arguments of commands that they don't know, a password among them where AUTH was
  // renamed.
  info.server = peer_text(message.substr(0, message.find(", with args beginning with")));
  info.advice = std::string(failure::cluster_advice(message));
  return Error(std::move(info));
}

void fail_rest(Replies& replies, const BatchCommands& commands, std::size_t sent, const Error& why) {
  const std::size_t answered = replies.frames.size();
  if (why.effect() != Effect::indeterminate) {
    replies.sent = why.effect() == Effect::not_sent ? answered : commands.size();
    return replies.fail(answered, commands.size(), why);
  }
  replies.sent = std::max(answered, commands.sent(sent));
  replies.fail(answered, replies.sent, why);
  if (replies.sent == commands.size()) return;
  ErrorInfo info = why.info();
  info.effect = Effect::not_sent;
  replies.fail(replies.sent, commands.size(), Error(std::move(info)));
}

Error foreign_slot(const Origin& origin) {
  ErrorInfo info = at(origin, "pipeline");
  info.code = Errc::invalid_argument;
  info.remedy = Remedy::never;
  info.what = "the slot belongs to another pipeline";
  return Error(std::move(info));
}

}  // namespace redstart::inline v0::engine
