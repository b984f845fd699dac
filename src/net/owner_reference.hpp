// SPDX-License-Identifier: Apache-2.0
// owner_reference.hpp: the reference of a link to its owner.
#pragma once

#include "async_connection.hpp"

#include <memory>
#include <mutex>
#include <utility>

namespace redstart::inline v0::net {

/// Keeps the owner of a link alive until everything on the link has ended. Later operations can still be
/// rejected in the owner's name, if it exists.
///
/// Thread safety: `late` may be called on every thread, all others on the loop.
class OwnerReference {
 public:
  using Owner = AsyncConnection::Owner;

  explicit OwnerReference(std::shared_ptr<Owner> owner) noexcept : owner_(std::move(owner)) {}
  OwnerReference(const OwnerReference&) = delete;
  OwnerReference& operator=(const OwnerReference&) = delete;

  /// Preconditions: not released.
  [[nodiscard]] Owner& operator*() const noexcept { return *owner_; }
  [[nodiscard]] Owner* operator->() const noexcept { return owner_.get(); }
  [[nodiscard]] const std::shared_ptr<Owner>& get() const noexcept { return owner_; }

  /// Breaks the reference cycle of owner and link. `abandoned`: the context of the loop is being destroyed,
  /// so nothing may be completed any more.
  void release(bool abandoned) noexcept {
    std::shared_ptr<Owner> last;  // freed without the lock
    const std::scoped_lock lock(mutex_);
    last.swap(owner_);
    if (last) late_ = last;
    abandoned_ = abandoned_ || abandoned;
  }

  struct Late {
    std::shared_ptr<Owner> owner{};  ///< Null: it was destroyed.
    bool abandoned = false;
  };
  /// The owner, also after the release.
  [[nodiscard]] Late late() const noexcept {
    const std::scoped_lock lock(mutex_);
    return {owner_ ? owner_ : late_.lock(), abandoned_};
  }

 private:
  mutable std::mutex mutex_{};
  std::shared_ptr<Owner> owner_;  // changed under the lock
  std::weak_ptr<Owner> late_{};
  bool abandoned_ = false;
};

}  // namespace redstart::inline v0::net
