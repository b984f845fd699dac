// SPDX-License-Identifier: Apache-2.0
// process.cpp: fork, exec, wait, and affinity.
#include "process.hpp"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace redstart::bench {

namespace {

constexpr unsigned longest = 120;  // seconds

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

struct Pipe {
  int ends[2] = {-1, -1};
  Pipe() {
    if (::pipe(ends) != 0) fail("pipe");
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close(0);
    close(1);
  }
  void close(int i) {
    if (ends[i] >= 0) ::close(ends[i]);
    ends[i] = -1;
  }
};

std::string read_all(int fd) {
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(n));
  }
}

// Waits for a child. Returns its exit code, or 128 plus the signal that ended it.
int wait_for(pid_t child, rusage& used) {
  int status = 0;
  while (::wait4(child, &status, 0, &used) < 0)
    if (errno != EINTR) fail("wait4");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

pid_t start_child() {
  std::fflush(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    ::alarm(longest);
  }
  return child;
}

}  // namespace

void detail::run_forked(const std::function<void(void*)>& work, void* result, std::size_t size) {
  Pipe pipe;
  const pid_t child = start_child();
  if (child == 0) {
    try {
      work(result);
      ::_exit(::write(pipe.ends[1], result, size) == static_cast<ssize_t>(size) ? 0 : 1);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      ::_exit(1);
    }
  }
  pipe.close(1);
  const std::string bytes = read_all(pipe.ends[0]);
  rusage used{};
  const int code = wait_for(child, used);
  if (code != 0 || bytes.size() != size)
    throw std::runtime_error("a measurement failed (exit code " + std::to_string(code) + ")");
  bytes.copy(static_cast<char*>(result), size);
}

ProgramRun run_program(const std::vector<std::string>& words) {
  std::vector<char*> argv;
  std::vector<std::string> copy(words);
  for (std::string& word : copy) argv.push_back(word.data());
  argv.push_back(nullptr);
  Pipe pipe;
  ProgramRun run;
  const auto begin = std::chrono::steady_clock::now();
  const pid_t child = start_child();
  if (child == 0) {
    ::dup2(pipe.ends[1], STDOUT_FILENO);
    ::close(pipe.ends[0]);
    ::close(pipe.ends[1]);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  pipe.close(1);
  run.output = read_all(pipe.ends[0]);
  rusage used{};
  run.exit_code = wait_for(child, used);
  run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  run.peak_megabytes = static_cast<double>(used.ru_maxrss) / 1024;
  if (run.exit_code == 127) throw std::runtime_error("can't run " + words.front());
  return run;
}

std::vector<int> allowed_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) fail("sched_getaffinity");
  std::vector<int> processors;
  for (int i = 0; i < CPU_SETSIZE; ++i)
    if (CPU_ISSET(static_cast<unsigned>(i), &set)) processors.push_back(i);
  return processors;
}

void set_processors(pid_t process, const std::vector<int>& processors) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int i : processors) CPU_SET(static_cast<unsigned>(i), &set);
  const std::string threads = "/proc/" + (process == 0 ? "self" : std::to_string(process)) + "/task";
  for (const auto& thread : std::filesystem::directory_iterator(threads))
    if (::sched_setaffinity(std::stoi(thread.path().filename()), sizeof set, &set) != 0)
      fail("sched_setaffinity");
}

}  // namespace redstart::bench
