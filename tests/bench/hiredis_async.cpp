// SPDX-License-Identifier: Apache-2.0
// hiredis_async.cpp: chains of asynchronous GETs with hiredis on an epoll loop.
#include "dataset.hpp"
#include "loops.hpp"
#include "workload.hpp"

#include <hiredis/async.h>
#include <hiredis/hiredis.h>

#include <sys/epoll.h>
#include <unistd.h>
#include <memory>
#include <stdexcept>
#include <vector>

namespace redstart::bench {

namespace {

// The event loop that hiredis needs: it reports when its one socket is readable or writable.
class Loop {
 public:
  explicit Loop(redisAsyncContext& context) : context_(context) {
    epoll_event event{};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, context.c.fd, &event);
    context.ev.data = this;
    context.ev.addRead = [](void* self) { static_cast<Loop*>(self)->watch(EPOLLIN, true); };
    context.ev.delRead = [](void* self) { static_cast<Loop*>(self)->watch(EPOLLIN, false); };
    context.ev.addWrite = [](void* self) { static_cast<Loop*>(self)->watch(EPOLLOUT, true); };
    context.ev.delWrite = [](void* self) { static_cast<Loop*>(self)->watch(EPOLLOUT, false); };
    context.ev.cleanup = [](void* self) { static_cast<Loop*>(self)->running_ = false; };
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop() { ::close(epoll_); }

  void stop() { running_ = false; }
  void run() {
    while (running_) {
      // Performs a requested write at once: the socket can nearly always accept it.
      if ((events_ & EPOLLOUT) != 0) ::redisAsyncHandleWrite(&context_);
      epoll_event event{};
      if (::epoll_wait(epoll_, &event, 1, -1) > 0 && (event.events & EPOLLIN) != 0)
        ::redisAsyncHandleRead(&context_);
    }
  }

 private:
  void watch(std::uint32_t what, bool on) {
    events_ = on ? events_ | what : events_ & ~what;
    if (what != EPOLLIN) return;
    epoll_event event{};
    event.events = events_ & EPOLLIN;
    if (event.events == watched_) return;
    watched_ = event.events;
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, context_.c.fd, &event);
  }

  redisAsyncContext& context_;
  int epoll_ = ::epoll_create1(0);
  std::uint32_t events_ = 0;
  std::uint32_t watched_ = 0;
  bool running_ = true;
};

struct Chains {
  TimedChains times;
  Loop* loop = nullptr;
  std::size_t alive = 0;
};

// One chain: it sends its next GET after the reply to the last one.
struct Chain {
  Chains& all;
  std::size_t next;
  std::uint64_t began = 0;

  void send(redisAsyncContext& context) {
    const std::string& name = key(next++);
    ::redisAsyncCommand(&context, &Chain::answered, this, "GET %b", name.data(), name.size());
  }
  static void answered(redisAsyncContext* context, void* raw, void* self) {
    auto& chain = *static_cast<Chain*>(self);
    const auto* const reply = static_cast<const redisReply*>(raw);
    if (reply == nullptr) return;  // closing
    expect(reply->type == REDIS_REPLY_STRING && static_cast<std::size_t>(reply->len) == short_value.size(),
           "asynchronous GET");
    const std::string text(reply->str, static_cast<std::size_t>(reply->len));
    const std::uint64_t now = now_ns();
    const bool more = chain.all.times.ended(now, now - chain.began);
    chain.began = now;
    if (more)
      chain.send(*context);
    else if (--chain.all.alive == 0)
      chain.all.loop->stop();
  }
};

struct Free {
  void operator()(redisAsyncContext* context) const { ::redisAsyncFree(context); }
};

}  // namespace

Sample run_hiredis_chains(const Workload& workload, const Server& server, const Timing& timing) {
  const std::unique_ptr<redisAsyncContext, Free> context(::redisAsyncConnect("127.0.0.1", server.port));
  if (!context || context->err != 0) throw std::runtime_error("benchmark: hiredis can't connect");
  Loop loop(*context);
  Chains all{TimedChains(timing), &loop, workload.depth};
  context->ev.addRead(context->ev.data);
  std::vector<Chain> chains;
  chains.reserve(workload.depth);
  for (std::size_t i = 0; i < workload.depth; ++i) {
    chains.push_back({all, i * 17, now_ns()});
    chains.back().send(*context);
  }
  loop.run();
  return all.times.sample();
}

}  // namespace redstart::bench
