// SPDX-License-Identifier: Apache-2.0
// link_turn.hpp: starts the turns of a LinkDriver from its events.
#pragma once

#include "link_driver.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <exception>
#include <memory>
#include <utility>

namespace redstart::inline v0::net {

/// The link whose turn runs on this thread; null outside of turns.
extern constinit thread_local LinkDriver* current_link;

/// A handler that keeps its link alive and uses the link's handler memory.
template <class Work>
struct LinkHandler {
  std::shared_ptr<LinkDriver> link;
  HandlerMemory* memory;
  Work work;

  using allocator_type = HandlerAllocator<void>;
  [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type(*memory); }

  template <class... Arguments>
  void operator()(const Arguments&... arguments) {
    work(*link, arguments...);
  }
};
template <class Work>
LinkHandler(std::shared_ptr<LinkDriver>, HandlerMemory*, Work) -> LinkHandler<Work>;

/// Posts without the type-erased executor where possible, so that the handler uses the link's memory and no
/// heap.
template <class Handler>
void post_on(const boost::asio::any_io_executor& executor, Handler handler) {
  if (const auto* own = executor.target<boost::asio::io_context::executor_type>(); own != nullptr)
    boost::asio::post(*own, std::move(handler));
  else
    boost::asio::post(executor, std::move(handler));
}

/// Marks the thread and the link for the duration of one turn.
class LinkDriver::Turn {
 public:
  Turn(LinkDriver& link, CycleMark read, TimePoint now) noexcept
      : link_(link),
        mark_(read, now),
        before_(std::exchange(current_link, &link)),
        exceptions_(std::uncaught_exceptions()) {
    link.progress_.in_turn = true;
    link.core_.begin_turn(now);
    link.turns_.store(link.turns_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    current_link = before_;
    link_.progress_.in_turn = false;
    if (std::uncaught_exceptions() > exceptions_) link_.post_turn();  // continue after the handler that threw
  }

 private:
  LinkDriver& link_;
  LoopThreadMark mark_;
  LinkDriver* before_;
  int exceptions_;
};

template <class Work>
void LinkDriver::turn(Work work) {
  if (progress_.in_turn) {  // users' code runs the loop inside a turn
    postponed_.emplace_back(std::move(work));
    return;
  }
  const CycleMark read = CycleMark::now();
  const Turn guard(*this, read, Clock::now());
  work();
  settle();
}

}  // namespace redstart::inline v0::net
