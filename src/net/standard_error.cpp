// SPDX-License-Identifier: Apache-2.0
// standard_error.cpp: turns events into lines on a descriptor.
#include "standard_error.hpp"

#include <redstart/observe/standard_error.hpp>

#include <poll.h>
#include <unistd.h>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

namespace redstart::inline v0::net {

namespace {

// Locks, or returns false after 100 ms: in a forked child, another thread of the parent may have held the
// lock.
bool lock_soon(std::unique_lock<std::mutex>& lock) {
  for (int left = 100; !lock.try_lock(); --left) {
    if (left == 0) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace

void write_line(int fd, std::string_view line) noexcept {
  pollfd out{fd, POLLOUT, 0};
  if (::poll(&out, 1, 0) != 1 || (out.revents & POLLOUT) == 0) return;
  try {
    std::string text(line);
    text += '\n';
    // A reader that closes the pipe now must not end the process by SIGPIPE.
    sigset_t broken_pipe;
    sigset_t before;
    sigset_t pending;
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    sigemptyset(&pending);
    ::sigpending(&pending);
    ::pthread_sigmask(SIG_BLOCK, &broken_pipe, &before);
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EPIPE && sigismember(&pending, SIGPIPE) == 0) {
      const timespec no_wait{};
      ::sigtimedwait(&broken_pipe, nullptr, &no_wait);
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  } catch (const std::exception&) {
    // Without memory, the line is lost.
  }
}

template <class Decide>
void StandardErrorListener::write(Decide decide) noexcept {
  try {
    std::vector<std::string> lines;
    {
      std::unique_lock lock(mutex_, std::defer_lock);
      if (!lock_soon(lock)) return;
      lines = decide();
    }
    for (const std::string& line : lines) write_line(fd_, line);
  } catch (const std::exception&) {
    // Without memory, the line is lost.
  }
}

void StandardErrorListener::on_event(const Event& event) noexcept {
  write([&] { return lines_.add(event, Clock::now()); });
}

void StandardErrorListener::write_due() noexcept {
  write([&] { return lines_.due(Clock::now()); });
}

}  // namespace redstart::inline v0::net

namespace redstart::inline v0 {

std::shared_ptr<EventListener> standard_error_listener() {
  return std::make_shared<net::StandardErrorListener>(STDERR_FILENO);
}

}  // namespace redstart::inline v0
