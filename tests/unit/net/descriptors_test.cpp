// SPDX-License-Identifier: Apache-2.0
// descriptors_test.cpp: sockets and fork detection in forked children.
#include "net/descriptors.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

namespace redstart::inline v0::net {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

// Returns the exit code of a forked child that runs `body`.
template <class Body>
int in_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class Descriptors : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair_.data()), 0); }
  void TearDown() override {
    for (const int fd : pair_) {
      descriptors::remove(fd);
      ::close(fd);
    }
  }
  std::array<int, 2> pair_{-1, -1};
};

TEST_F(Descriptors, CloseAddedSocketsInChild) {
  descriptors::add(pair_[0]);
  EXPECT_EQ(in_child([&] { return is_open(pair_[0]) ? 1 : is_open(pair_[1]) ? 0 : 2; }), 0);
}

TEST_F(Descriptors, KeepRemovedSocketsInChild) {
  descriptors::add(pair_[0]);
  descriptors::remove(pair_[0]);
  EXPECT_EQ(in_child([&] { return is_open(pair_[0]) ? 0 : 1; }), 0);
}

TEST_F(Descriptors, KeepParentConnectionOpen) {
  descriptors::add(pair_[0]);
  EXPECT_EQ(in_child([] { return 0; }), 0);
  EXPECT_TRUE(is_open(pair_[0]));
  char byte = 'x';
  EXPECT_EQ(::send(pair_[0], &byte, 1, MSG_NOSIGNAL), 1);
  EXPECT_EQ(::recv(pair_[1], &byte, 1, 0), 1);
}

TEST_F(Descriptors, ReportForkOnlyInChild) {
  const auto generation = fork_generation();
  EXPECT_EQ(in_child([&] { return forked(generation) && !forked(fork_generation()) ? 0 : 1; }), 0);
  EXPECT_FALSE(forked(generation));
}

TEST_F(Descriptors, WorkInForkedChildOfChild) {
  const auto grandchild = [&] {
    descriptors::add(pair_[1]);
    return in_child([&] { return is_open(pair_[1]) ? 1 : 0; });
  };
  EXPECT_EQ(in_child(grandchild), 0);
}

}  // namespace
}  // namespace redstart::inline v0::net
