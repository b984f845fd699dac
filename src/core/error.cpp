// SPDX-License-Identifier: Apache-2.0
// error.cpp: composes the messages of errors.
#include <redstart/core/error.hpp>
#include <redstart/core/peer_text.hpp>
#include <redstart/core/server_reply.hpp>

#include <cstdio>

namespace redstart::inline v0 {

namespace {

constexpr std::size_t longest_what = 3 * peer_text_limit;
constexpr std::size_t longest_message = 7 * peer_text_limit;

void make_presentable(std::string& text, std::size_t most = peer_text_limit) {
  if (!is_presentable(text, most)) text = peer_text(text, {.most = most});
}

// Limits the texts of an error and removes bytes that are not text, whatever their source.
ErrorInfo presentable(ErrorInfo info) {
  for (std::string* const text : {&info.command, &info.database, &info.endpoint, &info.server, &info.advice})
    make_presentable(*text);
  make_presentable(info.what, longest_what);
  return info;
}

std::vector<ConfigFault> presentable(std::vector<ConfigFault> faults) {
  for (ConfigFault& fault : faults)
    for (std::string* const text : {&fault.where, &fault.what, &fault.remedy}) make_presentable(*text);
  return faults;
}

std::string elapsed_text(std::chrono::nanoseconds elapsed) {
  char text[32];
  const double ms = std::chrono::duration<double, std::milli>(elapsed).count();
  std::snprintf(text, sizeof text,
                ms < 10     ? "%.1f ms"
                : ms < 1000 ? "%.0f ms"
                            : "%.1f s",
                ms < 1000 ? ms : ms / 1000);
  return text;
}

// " after 3 attempts in 1.2 ms"
std::string took_text(const ErrorInfo& info) {
  std::string text;
  if (info.attempts > 1) text += " after " + std::to_string(info.attempts) + " attempts";
  if (info.elapsed.count() > 0) text += (info.attempts > 1 ? " in " : " after ") + elapsed_text(info.elapsed);
  return text;
}

std::string_view effect_text(Effect effect) {
  switch (effect) {
    case Effect::none:
    case Effect::server_error: return {};
    case Effect::not_sent: return "nothing was executed";
    case Effect::indeterminate: return "it was sent and may have been executed";
  }
  return {};
}

// GET on database "main" at localhost:6379: connection lost after 1.2 ms; it was sent and may …. Server: "…".
// Advice.
std::string compose(const ErrorInfo& info) {
  std::string text;
  if (!info.command.empty()) text += info.command;
  if (!info.database.empty()) {
    text += text.empty() ? "database \"" : " on database \"";
    text += info.database + "\"";
  }
  if (!info.endpoint.empty()) text += " at " + info.endpoint;
  if (!text.empty()) text += ": ";
  const std::size_t parts = text.size();
  const auto next_part = [&] {
    if (text.size() > parts) text += "; ";
  };
  // Behind what happened: that is `what`, or else the reply of the server.
  const std::string took = took_text(info);
  if (!info.what.empty()) text += info.what + took;
  if (const std::string_view effect = effect_text(info.effect); !effect.empty() && !info.command.empty()) {
    next_part();
    text += effect;
  }
  if (!info.server.empty()) {
    next_part();
    text += "the server replied" + (info.what.empty() ? took : std::string()) + ": \"" + info.server + "\"";
  }
  if (!info.advice.empty()) text += ". " + info.advice;
  return text;
}

std::string list(const std::vector<ConfigFault>& faults) {
  std::string text =
      std::to_string(faults.size()) + (faults.size() == 1 ? " fault" : " faults") + " in the configuration";
  for (const ConfigFault& fault : faults) {
    text += "\n  " + fault.where + ": " + fault.what;
    if (!fault.remedy.empty()) text += "; " + fault.remedy;
  }
  return text;
}

ErrorInfo config_info(const std::vector<ConfigFault>& faults) {
  ErrorInfo info;
  info.code = Errc::configuration;
  info.remedy = Remedy::never;
  info.what = list(faults);
  return info;
}

}  // namespace

Error::Error(ErrorInfo info) {
  info = presentable(std::move(info));
  std::string message = compose(info);
  make_presentable(message, longest_message);
  body_ = std::make_shared<const Body>(Body{std::move(info), std::move(message)});
}

Error::Error(ErrorInfo info, Composed) {
  std::string message = compose(info);
  body_ = std::make_shared<const Body>(Body{std::move(info), std::move(message)});
}

std::string_view Error::server_code() const noexcept { return error_word(body_->info.server); }

void Error::raise() const {
  if (is_unavailable(code())) throw Unavailable(*this);
  if (code() == Errc::timeout) throw Timeout(*this);
  if (code() == Errc::server_error) throw ServerError(*this);
  throw *this;
}

ConfigError::ConfigError(std::vector<ConfigFault> faults)
    : ConfigError(std::make_shared<const std::vector<ConfigFault>>(presentable(std::move(faults)))) {}

ConfigError::ConfigError(std::shared_ptr<const std::vector<ConfigFault>> faults)
    : Error(config_info(*faults), Composed()), faults_(std::move(faults)) {}

}  // namespace redstart::inline v0
