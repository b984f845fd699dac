// SPDX-License-Identifier: Apache-2.0
// service_loops.cpp: makes strands and watches the end of the service's context.
#include "service_loops.hpp"

#include "io_threads.hpp"

#include <boost/asio/detail/scheduler.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

namespace redstart::inline v0::net {

namespace asio = boost::asio;

namespace {

asio::execution_context& context_of(const asio::any_io_executor& executor) {
  return asio::query(executor, asio::execution::context);
}

// Returns the scheduler of the io_context or thread_pool behind an executor, through all strands and
// wrappers. Null for other kinds of contexts.
asio::detail::scheduler* scheduler_of(asio::execution_context& context) {
  if (!asio::has_service<asio::detail::scheduler>(context)) return nullptr;
  return &asio::use_service<asio::detail::scheduler>(context);
}

// Makes the services that connections use before the watching service. A context shuts its services down in
// reverse order, so sockets, timers and strands still work when `on_death` is called.
void make_services(const asio::any_io_executor& executor) {
  static_cast<void>(asio::make_strand(executor));
  static_cast<void>(asio::steady_timer(executor));
  static_cast<void>(asio::ip::tcp::socket(executor));
  static_cast<void>(asio::local::stream_protocol::socket(executor));
  static_cast<void>(asio::generic::stream_protocol::socket(executor));
}

// Returns a strand on `executor`. An event of a strand on `any_io_executor` costs two allocations, because
// Asio queries the executor inside through its type erasure. So strands are made of the common types.
template <class... Known>
asio::any_io_executor strand_on(const asio::any_io_executor& executor) {
  asio::any_io_executor strand;
  const auto try_type = [&]<class Executor>(const Executor* inner) {
    if (inner != nullptr) strand = asio::make_strand(*inner);
    return inner != nullptr;
  };
  if (!(try_type(executor.target<Known>()) || ...)) strand = asio::make_strand(executor);
  return strand;
}

// Out of line, so that `default_executor` keeps no register for it.
[[gnu::noinline]] const asio::any_io_executor& late_executor() noexcept {
  return late_loop().default_executor();
}

}  // namespace

struct ServiceLoops::Watcher {
  asio::any_io_executor executor;
  asio::detail::scheduler* scheduler = nullptr;  // lives as long as the context
  std::function<void()> on_death;
  std::atomic<bool> context_died{false};
};

// A service of the context, whose `shutdown` reports the context's end. It refers to the watchers weakly,
// because either side may end first.
class ServiceLoops::Watch final : public asio::execution_context::service {
 public:
  static inline asio::execution_context::id id{};

  explicit Watch(asio::execution_context& context) : service(context) {}

  void add(const std::shared_ptr<Watcher>& watcher) {
    const std::scoped_lock lock(mutex_);
    std::erase_if(watchers_, [](const auto& one) { return one.expired(); });
    watchers_.push_back(watcher);
  }

 private:
  void shutdown() override {
    std::vector<std::weak_ptr<Watcher>> watchers;
    {
      const std::scoped_lock lock(mutex_);
      watchers.swap(watchers_);
    }
    for (const auto& one : watchers) {
      const auto watcher = one.lock();
      if (!watcher || watcher->context_died.exchange(true, std::memory_order_acq_rel)) continue;
      watcher->on_death();
      watcher->executor = {};  // a strand must not outlive its context
    }
  }

  std::mutex mutex_{};
  std::vector<std::weak_ptr<Watcher>> watchers_{};
};

ServiceLoops::ServiceLoops(asio::any_io_executor executor, std::function<void()> on_context_death)
    : watcher_(std::make_shared<Watcher>()) {
  // With tracked work, the service's run() would never return.
  executor = asio::prefer(executor, asio::execution::outstanding_work.untracked);
  make_services(executor);
  watcher_->executor = executor;
  watcher_->scheduler = scheduler_of(context_of(executor));
  watcher_->on_death = std::move(on_context_death);
  asio::use_service<Watch>(context_of(executor)).add(watcher_);
}

ServiceLoops::~ServiceLoops() = default;

bool ServiceLoops::gone() const noexcept {
  return watcher_->context_died.load(std::memory_order_acquire) || forked(generation_);
}

Loop ServiceLoops::next() {
  const asio::any_io_executor& executor = watcher_->executor;
  if (!executor) throw std::logic_error("the executor's context was destroyed");
  return {strand_on<asio::io_context::executor_type, asio::thread_pool::executor_type>(executor), executor,
          made_.fetch_add(1, std::memory_order_relaxed)};
}

const asio::any_io_executor& ServiceLoops::default_executor() const noexcept {
  if (gone()) [[unlikely]]
    return late_executor();
  return watcher_->executor;
}

bool ServiceLoops::on_this_thread() const noexcept {
  return !gone() && watcher_->scheduler != nullptr && watcher_->scheduler->can_dispatch();
}

void ServiceLoops::flush() noexcept {
  if (gone()) late_loop().flush();
}

}  // namespace redstart::inline v0::net
