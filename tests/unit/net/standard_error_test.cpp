// SPDX-License-Identifier: Apache-2.0
// standard_error_test.cpp: lines are written completely or dropped, without waiting.
#include "net/standard_error.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>
#include <array>
#include <string>

namespace redstart::inline v0::net {
namespace {

class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe2(ends_.data(), O_CLOEXEC), 0); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_reader();
    ::close(ends_[1]);
  }
  [[nodiscard]] int writer() const noexcept { return ends_[1]; }
  [[nodiscard]] int reader() const noexcept { return ends_[0]; }
  void close_reader() noexcept {
    if (ends_[0] >= 0) ::close(ends_[0]);
    ends_[0] = -1;
  }
  [[nodiscard]] std::string read() const {
    std::array<char, 4096> bytes{};
    const ssize_t size = ::read(ends_[0], bytes.data(), bytes.size());
    return {bytes.data(), static_cast<std::size_t>(size < 0 ? 0 : size)};
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

TEST(WriteLine, AppendsNewline) {
  const Pipe pipe;
  write_line(pipe.writer(), "hello");
  EXPECT_EQ(pipe.read(), "hello\n");
}

TEST(WriteLine, DropsLinesWhenPipeIsFull) {
  const Pipe pipe;
  ASSERT_EQ(::fcntl(pipe.writer(), F_SETFL, O_NONBLOCK), 0);
  const std::string block(4096, 'x');
  while (::write(pipe.writer(), block.data(), block.size()) > 0) {
  }
  ASSERT_EQ(::fcntl(pipe.writer(), F_SETFL, 0), 0);
  write_line(pipe.writer(), "would wait");  // returns
  SUCCEED();
}

TEST(WriteLine, SurvivesClosedReader) {
  Pipe pipe;
  pipe.close_reader();
  write_line(pipe.writer(), "no reader");  // raises no SIGPIPE, which would end this process
  write_line(-1, "no descriptor");
  SUCCEED();
}

TEST(StandardErrorListener, WritesStateChanges) {
  const Pipe pipe;
  StandardErrorListener listener(pipe.writer());
  listener.on_event({EventKind::connected, "main", "h:6379", {}});
  listener.on_event({EventKind::connected, "main", "h:6379", {}});
  listener.on_event({EventKind::retrying, "main", "h:6379", "GET: attempt 2"});
  listener.write_due();
  EXPECT_EQ(pipe.read(), "redstart: main at h:6379: connected\n");
}

}  // namespace
}  // namespace redstart::inline v0::net
