// SPDX-License-Identifier: Apache-2.0
// shared_call.hpp: a synchronous call on its way over a shared connection.
#pragma once

#include "database.hpp"

#include <redstart/engine/operation_node.hpp>
#include <redstart/engine/replies.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace redstart::pool {

/// Operation, bytes and replies of one synchronous call. Each thread keeps one for its next call. While the
/// engine has it, it belongs to caller and engine together: whoever ends last frees it, so that a caller can
/// leave at his deadline whatever the engine does.
///
/// Thread safety: as the states say.
class SharedCall final : public engine::OperationNode {
 public:
  struct Deleter {
    void operator()(SharedCall* call) const noexcept { delete call; }
  };
  using Ptr = std::unique_ptr<SharedCall, Deleter>;

  /// This thread's, emptied.
  [[nodiscard]] static Ptr take();
  /// Keeps it for the next call of this thread.
  static void keep(Ptr call) noexcept;

  SharedCall() noexcept : OperationNode({}) {}

  // What the engine calls.
  void accept(std::string_view frame, const engine::Origin& origin) noexcept override;
  void finish(std::optional<Error> error, const boost::asio::any_io_executor* home) override;
  void destroy() noexcept override;

  /// Waits until the engine has finished it; false when that was not so at `until`, nor for `grace` after
  /// that was noticed: the engine frees it then. A process that was stopped in between notices when it goes
  /// on.
  [[nodiscard]] bool wait(Time until, Clock::duration grace) noexcept;

  // Once it is finished.
  [[nodiscard]] engine::Replies& replies() noexcept { return replies_; }
  [[nodiscard]] std::optional<Error>& error() noexcept { return error_; }

 private:
  friend struct Deleter;
  ~SharedCall() = default;

  enum State : std::uint32_t {
    waiting,    // the engine has it, the caller looks again before he sleeps
    parked,     // the engine has it, the caller sleeps
    done,       // the caller has it
    abandoned,  // the engine has it, the caller is gone
  };

  void end() noexcept;

  engine::Replies replies_{};
  std::optional<Error> error_{};
  bool out_of_memory_ = false;
  std::atomic<std::uint32_t> state_{waiting};
};

}  // namespace redstart::pool
