// SPDX-License-Identifier: Apache-2.0
// shared_call.hpp: a synchronous call that uses a shared connection.
#pragma once

#include "../net/async_connection.hpp"
#include "server.hpp"

#include <redstart/engine/operation_node.hpp>
#include <redstart/engine/replies.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace redstart::inline v0::pool {

/// Operation, bytes and replies of one synchronous call. Each thread keeps one for its next call. A
/// submitted call belongs to the caller and the engine: the last of them frees it, so that a caller can
/// leave at its deadline whatever the engine does. If the caller leaves before the call was sent, it is
/// never sent.
///
/// Thread safety: as the states say.
class SharedCall final : public engine::OperationNode {
 public:
  struct Deleter {
    void operator()(SharedCall* call) const noexcept { delete call; }
  };
  using Ptr = std::unique_ptr<SharedCall, Deleter>;

  /// Returns the call object of this thread, cleared.
  [[nodiscard]] static Ptr take();
  /// Keeps the object for the next call of this thread.
  static void keep(Ptr call) noexcept;

  SharedCall() noexcept : OperationNode({}) { revocable = true; }

  // Called by the engine.
  void accept(std::string_view frame, const engine::Origin& origin) noexcept override;
  void finish(std::optional<Error> error, const boost::asio::any_io_executor* handler_executor) override;
  void destroy() noexcept override;
  bool claim() noexcept override;

  enum class End : std::uint8_t {
    finished,  ///< By the engine; the call belongs to its caller again.
    revoked,   ///< At its deadline, before it was sent. The engine frees it.
    stuck,     ///< It was sent, and its loop has no turns. The engine frees it.
  };
  /// Waits until the engine has finished the call, or until `until`. A call that was sent before `until` is
  /// left to the engine as long as `carrier` has turns. The engine reads replies before it expires
  /// deadlines, so a stopped process or a busy loop makes no reply late. `carrier` may be null.
  [[nodiscard]] End wait(TimePoint until, const net::AsyncConnection* carrier) noexcept;

  // Preconditions of these: the call is finished.
  [[nodiscard]] engine::Replies& replies() noexcept { return replies_; }
  [[nodiscard]] std::optional<Error>& error() noexcept { return error_; }

 private:
  friend struct Deleter;
  ~SharedCall() = default;

  enum State : std::uint32_t {
    waiting,    // the engine has it; the caller checks again before it sleeps
    parked,     // the engine has it; the caller sleeps
    done,       // the caller has it
    abandoned,  // the engine has it; the caller has left
  };

  // Decides the race between a caller that leaves and an engine that is about to send.
  enum Sending : std::uint8_t { queued, sent, revoked };

  void end() noexcept;
  [[nodiscard]] End leave() noexcept;

  engine::Replies replies_{};
  std::optional<Error> error_{};
  bool out_of_memory_ = false;
  std::atomic<std::uint32_t> state_{waiting};
  std::atomic<std::uint8_t> sending_{queued};
};

}  // namespace redstart::inline v0::pool
