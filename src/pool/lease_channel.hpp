// SPDX-License-Identifier: Apache-2.0
// lease_channel.hpp: carries the commands of a scoped handle over its one connection.
#pragma once

#include "../net/descriptors.hpp"
#include "direct_pool.hpp"
#include "session_tracker.hpp"

#include <redstart/core/call_site.hpp>
#include <redstart/engine/channel.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace redstart::inline v0::pool {

/// The channel of `ScopedClient`. Once its connection is lost, calls fail, because its state (WATCH, SELECT)
/// is lost too.
///
/// Thread safety: one call at a time. A call that begins while another one runs fails with
/// `invalid_argument`, and nothing is sent.
class LeaseChannel final : public engine::Channel {
 public:
  LeaseChannel(std::shared_ptr<Server> server, std::shared_ptr<DirectPool> pool, DirectLease connection,
               CallSite where) noexcept;
  ~LeaseChannel() override;

  std::optional<Error> exchange(const engine::Request& request, engine::ReplySink& sink,
                                const engine::CallOptions& options) override;
  engine::Replies exchange_batch(const engine::Batch& batch, const engine::CallOptions& options) override;

  engine::Exclusive exclusive() const noexcept override { return engine::Exclusive::yes; }
  const engine::Origin& origin() const noexcept override { return server_->origin(); }

 private:
  /// Marks the channel as in use during a call. False if another call uses it.
  class InUse {
   public:
    explicit InUse(std::atomic<bool>& flag) noexcept
        : flag_(flag.exchange(true, std::memory_order_acquire) ? nullptr : &flag) {}
    InUse(const InUse&) = delete;
    InUse& operator=(const InUse&) = delete;
    ~InUse() {
      if (flag_ != nullptr) flag_->store(false, std::memory_order_release);
    }
    explicit operator bool() const noexcept { return flag_ != nullptr; }

   private:
    std::atomic<bool>* flag_;
  };

  [[nodiscard]] bool usable() const noexcept { return connection_ && !net::forked(generation_); }
  [[nodiscard]] Error gone(std::string_view what, std::size_t commands) const;
  // Runs the exchange. Preconditions: no other call is under way.
  [[nodiscard]] std::optional<Error> exchange_alone(const engine::Request& request, engine::ReplySink& sink,
                                                    const engine::CallOptions& options);
  // Runs the exchange. Preconditions: no other call is under way; the batch is not empty.
  [[nodiscard]] engine::Replies exchange_batch_alone(const engine::Batch& batch,
                                                     const engine::CallOptions& options);
  // Returns the error of a batch that must not be sent: the server would queue one of its commands, and the
  // reply can't show that.
  [[nodiscard]] std::optional<Error> only_queued(const engine::Batch& batch) const;
  // Fails the whole batch.
  [[nodiscard]] engine::Replies refused(const engine::Batch& batch, const Error& error) const;
  void note_state(const engine::RequestTraits& traits, const net::Outcome& outcome) noexcept;
  [[nodiscard]] std::optional<Error> broke_while_idle(std::string_view what, std::size_t commands,
                                                      TimePoint now);
  // Authenticates again if that is due and allowed. Updates `now`. Returns the error of a command that can't
  // be sent because the connection has broken.
  [[nodiscard]] std::optional<Error> renew_credentials(std::string_view what, std::size_t commands,
                                                       TimePoint& now, TimePoint deadline);
  void keep(DirectLease connection, const net::Outcome& outcome) noexcept;

  const std::shared_ptr<Server> server_;
  Database& database_;  // of the server
  std::shared_ptr<DirectPool> pool_;
  DirectLease connection_;
  LeaseLedger::Entry entry_{};
  const std::uint32_t generation_ = net::fork_generation();
  std::atomic<bool> in_use_{false};
  SessionTracker session_{};
  // It must not be reused: its server has another role now, or it could not authenticate again.
  bool outdated_ = false;
};

}  // namespace redstart::inline v0::pool
