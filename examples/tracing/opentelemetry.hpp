// SPDX-License-Identifier: Apache-2.0
// opentelemetry.hpp: the part of the OpenTelemetry C++ API that the example uses.
//
// It stands for <opentelemetry/trace/provider.h> of opentelemetry-cpp, with the same names, so that the
// example compiles without that library. Spans that end are printed.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace opentelemetry {

namespace nostd {
template <class T>
using shared_ptr = std::shared_ptr<T>;
using string_view = std::string_view;
}  // namespace nostd

namespace common {
using AttributeValue = std::variant<bool, std::int64_t, double, const char*, nostd::string_view>;
}  // namespace common

namespace trace {

enum class SpanKind { kInternal, kServer, kClient };
enum class StatusCode { kUnset, kOk, kError };

struct StartSpanOptions {
  SpanKind kind = SpanKind::kInternal;
};

class Span {
 public:
  explicit Span(std::string name) : name_(std::move(name)) {}
  void SetAttribute(nostd::string_view key, const common::AttributeValue& value) noexcept {
    std::ostringstream text;
    std::visit([&text](const auto& one) { text << one; }, value);
    attributes_[std::string(key)] = text.str();
  }
  void SetStatus(StatusCode code, nostd::string_view description = {}) noexcept {
    if (code == StatusCode::kError) status_ = "error " + std::string(description);
  }
  void End() noexcept {
    std::ostringstream line;
    line << name_ << ':';
    for (const auto& [key, value] : attributes_) line << ' ' << key << '=' << value;
    if (!status_.empty()) line << " [" << status_ << ']';
    static std::mutex one_at_a_time;
    const std::scoped_lock lock(one_at_a_time);
    std::cout << line.str() << '\n';
  }

 private:
  std::string name_;
  std::map<std::string, std::string> attributes_{};
  std::string status_{};
};

class Tracer {
 public:
  nostd::shared_ptr<Span> StartSpan(
      nostd::string_view name,
      std::initializer_list<std::pair<nostd::string_view, common::AttributeValue>> attributes,
      const StartSpanOptions& /*options*/ = {}) {
    auto span = std::make_shared<Span>(std::string(name));
    for (const auto& [key, value] : attributes) span->SetAttribute(key, value);
    return span;
  }
};

class Provider {
 public:
  static nostd::shared_ptr<Tracer> GetTracer(nostd::string_view /*library*/) {
    return std::make_shared<Tracer>();
  }
};

}  // namespace trace
}  // namespace opentelemetry
