// SPDX-License-Identifier: Apache-2.0
// tracing.cpp: a span of OpenTelemetry for each operation.
//
// REDIS_URL names the server; without it localhost:6379 is used. `OpenTelemetryTracer` below is what a
// service copies. The real API differs in one point: the provider is `trace::Provider::GetTracerProvider()`.
#include <redstart/sync.hpp>

#include "tracing/opentelemetry.hpp"

#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

namespace {

namespace trace = opentelemetry::trace;

class OpenTelemetryTracer final : public redstart::Tracer {
 public:
  explicit OpenTelemetryTracer(opentelemetry::nostd::shared_ptr<trace::Tracer> tracer)
      : tracer_(std::move(tracer)) {}

  Token start(const redstart::SpanStart& start) noexcept override {
    try {
      trace::StartSpanOptions options;
      options.kind = trace::SpanKind::kClient;
      auto span = tracer_->StartSpan(start.operation,
                                     {{"db.system.name", "redis"},
                                      {"db.namespace", start.database},
                                      {"db.operation.name", start.operation},
                                      {"server.address", start.server_address}},
                                     options);
      if (!start.server_port.empty())
        span->SetAttribute("server.port", std::int64_t{std::stoi(std::string(start.server_port))});
      if (start.batch_size != 0)
        span->SetAttribute("db.operation.batch.size", static_cast<std::int64_t>(start.batch_size));
      return reinterpret_cast<Token>(new Held(std::move(span)));
    } catch (const std::exception&) {
      return 0;  // no memory: an operation without a span
    }
  }

  void end(Token token, const redstart::SpanEnd& end) noexcept override {
    const std::unique_ptr<Held> span(reinterpret_cast<Held*>(token));
    if (!span) return;
    if (!end.error_type.empty()) {
      (*span)->SetAttribute("error.type", end.error_type);
      (*span)->SetStatus(trace::StatusCode::kError, end.error_type);
    }
    if (!end.status_code.empty()) (*span)->SetAttribute("db.response.status_code", end.status_code);
    (*span)->End();
  }

 private:
  using Held = opentelemetry::nostd::shared_ptr<trace::Span>;

  opentelemetry::nostd::shared_ptr<trace::Tracer> tracer_;
};

}  // namespace

int main() try {
  redstart::RedisConfig config = redstart::RedisConfigLoader{}.load();
  config.tracer = std::make_shared<OpenTelemetryTracer>(trace::Provider::GetTracer("redstart"));
  auto& redis = redstart::RedisConnectionManager::instance();
  redis.start(std::move(config));

  const auto db = redis.main();
  db.set("greeting", "hello", {.expire = std::chrono::minutes(1)});
  static_cast<void>(db.get("greeting"));
  static_cast<void>(db.results().lpush("greeting", "not a list"));  // WRONGTYPE
  redis.pipeline("main", [](auto& pipe) { return std::pair{pipe.get("greeting"), pipe.incr("runs")}; });
  redis.shutdown();
} catch (const redstart::Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
