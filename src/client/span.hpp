// SPDX-License-Identifier: Apache-2.0
// span.hpp: one operation as a tracer sees it.
#pragma once

#include <redstart/core/error.hpp>
#include <redstart/engine/origin.hpp>
#include <redstart/engine/request.hpp>
#include <redstart/observe/tracer.hpp>
#include <redstart/resp/error_text.hpp>

#include "../observe/error_type.hpp"
#include "../observe/server_address.hpp"

#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <string_view>
#include <utility>

namespace redstart::inline v0::detail {

/// The kind of an error reply; empty for any other reply. Without memory for the message: `_OTHER`.
[[nodiscard]] inline std::optional<ErrorType> refusal_in(std::string_view frame) noexcept {
  try {
    if (!resp::is_error_frame(frame)) return std::nullopt;
    return ErrorType::of_reply(resp::error_text(frame));
  } catch (const std::bad_alloc&) {
    return ErrorType::of_reply({});
  }
}

/// Reports the begin of an operation when it is made, and the end once.
///
/// Thread safety: none.
class Span {
 public:
  Span(std::shared_ptr<Tracer> tracer, const engine::Origin& origin, OperationId operation,
       std::size_t commands)
      : tracer_(std::move(tracer)) {
    const ServerAddress server = ServerAddress::of(origin.endpoint);
    SpanStart start;
    start.operation = operation_name(operation);
    start.database = origin.database;
    start.server_address = server.host;
    start.server_port = server.port;
    if (is_batch(operation)) start.batch_size = commands;
    token_ = tracer_->start(start);
  }
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;
  /// An operation that was left by an exception, or dropped, ends as `_OTHER`.
  ~Span() {
    if (tracer_) end("_OTHER", {});
  }

  void succeeded() noexcept { end({}, {}); }
  void failed(const Error& error) noexcept { failed(ErrorType::of(error.code(), error.info().server)); }
  void failed(ErrorType type) noexcept {
    end(type.name(), type.of_server() ? type.name() : std::string_view());
  }

 private:
  void end(std::string_view error_type, std::string_view status_code) noexcept {
    tracer_->end(token_, {error_type, status_code});
    tracer_.reset();
  }

  std::shared_ptr<Tracer> tracer_;
  Tracer::Token token_{};
};

}  // namespace redstart::inline v0::detail
