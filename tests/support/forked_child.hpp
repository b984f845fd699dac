// SPDX-License-Identifier: Apache-2.0
// forked_child.hpp: runs checks in a forked child and reports failures.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <exception>
#include <future>
#include <redstart/redstart.hpp>
#include <string>
#include <utility>

namespace redstart::test {

/// Runs `body` in a forked child and returns the failures that it reports; empty if there are none.
template <class Body>
std::string complaints_of_child(Body body) {
  int pipe_ends[2] = {-1, -1};
  EXPECT_EQ(::pipe(pipe_ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);  // ends a child that hangs
    std::string complaint;
    try {
      complaint = body();
    } catch (const std::exception& error) {
      complaint = std::string("threw: ") + error.what();
    }
    [[maybe_unused]] const auto written = ::write(pipe_ends[1], complaint.data(), complaint.size());
    ::_exit(0);
  }
  ::close(pipe_ends[1]);
  std::string complaint;
  char buffer[1024];
  for (ssize_t n = 0; (n = ::read(pipe_ends[0], buffer, sizeof buffer)) > 0;)
    complaint.append(buffer, static_cast<std::size_t>(n));
  ::close(pipe_ends[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  if (!WIFEXITED(status))
    complaint += " the child was ended by signal " + std::to_string(WTERMSIG(status));
  else if (WEXITSTATUS(status) != 0)
    complaint += " the child ended with code " + std::to_string(WEXITSTATUS(status));
  return complaint;
}

/// In a child: returns what is wrong with the error of `call`; empty if it is as expected.
template <class Call>
std::string unless_forked(const char* what, Call call) {
  try {
    static_cast<void>(call());
  } catch (const Error& error) {
    if (error.code() == Errc::forked && error.effect() == Effect::not_sent && error.remedy() == Remedy::never)
      return {};
    return std::string(what) + ": " + error.what() + "; ";
  }
  return std::string(what) + ": no error; ";
}

/// Waits for an operation. Doesn't use `use_future`, whose handlers may need Asio's system threads: a child
/// has none.
template <class Operation>
auto value_of(Operation operation) {
  using Value = typename Operation::value_type;
  std::promise<Value> promise;
  std::move(operation)([&promise](const std::exception_ptr& error, Value value) {
    if (error)
      promise.set_exception(error);
    else
      promise.set_value(std::move(value));
  });
  return promise.get_future().get();
}

}  // namespace redstart::test
