// SPDX-License-Identifier: Apache-2.0
// channel.cpp: the errors that every channel's replies can turn into.
#include <redstart/core/peer_text.hpp>
#include <redstart/core/server_reply.hpp>
#include <redstart/engine/channel.hpp>
#include <redstart/resilience/server_condition.hpp>

#include <exception>
#include <string>
#include <utility>

namespace redstart::engine {

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

Error server_error(const Origin& origin, std::string_view command, std::string_view words, ReplyOf of,
                   unsigned attempts) {
  ErrorInfo info = at(origin, command);
  const ServerVerdict verdict = judge(words, of);
  info.code = Errc::server_error;
  info.effect = verdict.effect;
  info.remedy = verdict.remedy;
  info.attempts = attempts;
  // Servers repeat the arguments of commands that they don't know, a password among them where AUTH was
  // renamed.
  info.server = peer_text(words.substr(0, words.find(", with args beginning with")));
  info.advice = cluster_advice(words);
  return Error(std::move(info));
}

Error not_allowed(const Origin& origin, std::string_view command) {
  ErrorInfo info = at(origin, command);
  info.code = Errc::not_allowed;
  info.effect = Effect::not_sent;
  info.remedy = Remedy::never;
  info.what = "the command would change the state of a connection that others use too";
  info.advice = "Use a scoped handle: scoped_client(\"" + origin.database + "\")";
  return Error(std::move(info));
}

Error foreign_slot(const Origin& origin) {
  ErrorInfo info = at(origin, "pipeline");
  info.code = Errc::invalid_argument;
  info.remedy = Remedy::never;
  info.what = "the slot belongs to another pipeline";
  return Error(std::move(info));
}

}  // namespace redstart::engine
