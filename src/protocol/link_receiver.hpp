// SPDX-License-Identifier: Apache-2.0
// link_receiver.hpp: delivers received replies to their operations.
#pragma once

#include "../resp/scanner.hpp"
#include "fences.hpp"
#include "flight.hpp"
#include "link_context.hpp"
#include "link_operations.hpp"
#include "link_sender.hpp"
#include "outbox.hpp"
#include "push_sink.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace redstart::inline v0::protocol {

/// Finds the replies in received bytes, matches them with the operations in flight, and completes these.
///
/// Users' code runs inside `deliver`. If it throws, the next call of `deliver` continues after that
/// operation.
///
/// Thread safety: none.
class LinkReceiver {
 public:
  using Node = engine::OperationNode;

  LinkReceiver(LinkContext& context, LinkOperations& operations, Flight& flight, Outbox& outbox,
               LinkSender& sender, Fences& fences) noexcept
      : context_(context),
        operations_(operations),
        flight_(flight),
        outbox_(outbox),
        sender_(sender),
        fences_(fences),
        scanner_(context.config().limits) {}

  /// Delivers all complete replies in `bytes`: those that were not dropped before, followed by new ones.
  /// Returns the reason if the connection must be closed. The last reply that has arrived ends a run that is
  /// reported to `Admission::answered`.
  [[nodiscard]] std::optional<Outcome> deliver(std::string_view bytes);
  /// Returns how many bytes at the front are not needed any more. The caller drops them.
  [[nodiscard]] std::size_t take_delivered() noexcept;
  /// Reports the run of replies that are not reported yet.
  void report_answers() {
    if (run_.commands != 0) report_run();
  }
  /// Where pushes go, also past replies that are held.
  [[nodiscard]] PushSink& pushes() noexcept { return pushes_; }
  [[nodiscard]] const PushSink& pushes() const noexcept { return pushes_; }
  /// The connection was closed.
  void close() noexcept { delivered_ = 0; }
  /// A new connection is ready.
  void reset() noexcept { scanner_.reset(); }

 private:
  // A run of replies whose operations started at the same time.
  struct Run {
    std::size_t commands = 0;
    std::size_t errors = 0;
    TimePoint start{};
    std::size_t operations = 0;  // consecutive ones of one command that have ended without an error
    OperationId command = OperationId::other;
  };
  // Where the command of the last error reply begins in its batch. The search for the next one starts there.
  struct ErrorPosition {
    const Node* node = nullptr;
    std::uint64_t sequence = 0;
    std::size_t command = 0;
    std::size_t begin = 0;
  };

  [[nodiscard]] std::optional<Outcome> take_push(std::string_view bytes);
  // Preconditions: nothing is in flight, or not everything that was gathered was accepted.
  [[nodiscard]] bool is_early(resp::Type type) noexcept;
  [[nodiscard]] std::optional<Outcome> hold(std::string_view bytes);
  void deliver_proven(std::string_view bytes);
  void deliver_frame(std::string_view frame, resp::Type type, bool last);
  void deliver_refusal(std::string_view frame, resp::Type type, bool last);
  void report_run();
  void report_operations();
  void note_end(const Node& node, bool failed) noexcept;
  void dispatch(std::string_view frame, resp::Type type, bool last);
  [[nodiscard]] bool handle_refusal(std::string_view frame, bool last);
  void leave_flight(const Node* node);
  [[nodiscard]] std::string_view answered_command(const Node& node) noexcept;

  LinkContext& context_;
  LinkOperations& operations_;
  Flight& flight_;
  Outbox& outbox_;
  LinkSender& sender_;
  Fences& fences_;
  resp::Scanner scanner_;
  std::size_t delivered_ = 0;  // bytes at the front that were delivered
  PushSink pushes_{};
  Run run_{};
  ErrorPosition error_position_{};
};

}  // namespace redstart::inline v0::protocol
