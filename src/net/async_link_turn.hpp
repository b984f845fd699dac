// SPDX-License-Identifier: Apache-2.0
// async_link_turn.hpp: starts the turns of an AsyncLink from its events.
#pragma once

#include "async_link.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <exception>
#include <memory>
#include <utility>

namespace redstart::inline v0::net {

/// The link whose turn runs on this thread; null outside of turns.
extern constinit thread_local AsyncLink* current_link;

/// A handler that keeps its link alive and uses the link's handler memory.
template <class Work>
struct LinkHandler {
  std::shared_ptr<AsyncLink> link;
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
LinkHandler(std::shared_ptr<AsyncLink>, HandlerMemory*, Work) -> LinkHandler<Work>;

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
class AsyncLink::Turn {
 public:
  Turn(AsyncLink& link, CycleMark read, TimePoint now) noexcept
      : link_(link),
        mark_(read, now),
        before_(std::exchange(current_link, &link)),
        exceptions_(std::uncaught_exceptions()) {
    link.in_turn_ = true;
    link.now_ = now;
    link.turns_.add(1);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    current_link = before_;
    link_.in_turn_ = false;
    if (std::uncaught_exceptions() > exceptions_) link_.post_turn();  // continue after the handler that threw
  }

 private:
  AsyncLink& link_;
  LoopThreadMark mark_;
  AsyncLink* before_;
  int exceptions_;
};

template <class Work>
void AsyncLink::turn(Work work) {
  if (in_turn_) {  // users' code runs the loop inside a turn
    postponed_.emplace_back(std::move(work));
    return;
  }
  const CycleMark read = CycleMark::now();
  const Turn guard(*this, read, Clock::now());
  work();
  settle();
}

}  // namespace redstart::inline v0::net
