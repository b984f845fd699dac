// SPDX-License-Identifier: Apache-2.0
// redis_server.cpp: starts, pauses and ends a private redis-server.
#include "redis_server.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>

#include "raw_redis.hpp"

namespace redstart::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kWatchdog = std::chrono::seconds(10);
constexpr auto kPollEvery = std::chrono::milliseconds(2);

std::string find_program() {
  if (const char* named = std::getenv("REDSTART_REDIS_SERVER"); named != nullptr && *named != '\0')
    return named;
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/usr/bin:/usr/local/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string candidate = folder + "/redis-server";
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

// sun_path holds 108 bytes: a long TMPDIR would not leave room for the socket's name.
std::string make_directory() {
  const char* base = std::getenv("TMPDIR");
  std::string name = base != nullptr && *base != '\0' && std::strlen(base) < 70 ? base : "/tmp";
  name += "/redstart-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr)
    throw std::system_error(errno, std::generic_category(), "mkdtemp " + name);
  return name;
}

}  // namespace

bool RedisServer::available() { return !find_program().empty(); }

RedisServer::RedisServer(std::vector<std::string> arguments)
    : arguments_(std::move(arguments)),
      directory_(make_directory()),
      socket_path_(directory_ + "/redis.sock") {
  try {
    launch();
    await_answer();
  } catch (const std::exception&) {
    end(SIGKILL);
    std::filesystem::remove_all(directory_);
    throw;
  }
}

RedisServer::~RedisServer() {
  end(SIGKILL);
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::string RedisServer::log() const {
  std::ifstream file(directory_ + "/redis.log");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void RedisServer::stop() { end(SIGTERM); }
void RedisServer::kill() { end(SIGKILL); }

void RedisServer::restart() {
  stop();
  launch();
  await_answer();
}

void RedisServer::start(const std::vector<std::string>& more) {
  if (running()) throw std::logic_error("the redis-server of this test runs already");
  launch(more);
}

void RedisServer::pause() { signal_process(SIGSTOP); }
void RedisServer::resume() { signal_process(SIGCONT); }

void RedisServer::launch(const std::vector<std::string>& more) {
  const std::string program = find_program();
  if (program.empty()) throw std::runtime_error("redis-server is not installed");
  std::vector<std::string> words{program,
                                 "--port",
                                 port_.text(),
                                 "--bind",
                                 "127.0.0.1",
                                 "--unixsocket",
                                 socket_path_,
                                 "--save",
                                 "",
                                 "--appendonly",
                                 "no",
                                 "--enable-debug-command",
                                 "yes",
                                 "--dir",
                                 directory_,
                                 "--logfile",
                                 directory_ + "/redis.log"};
  words.insert(words.end(), arguments_.begin(), arguments_.end());
  words.insert(words.end(), more.begin(), more.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) {  // only async-signal-safe calls from here to exec: the test may have threads
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
}

void RedisServer::await_answer() {
  const auto deadline = Clock::now() + kWatchdog;
  for (;;) {
    if (int status = 0; ::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      throw std::runtime_error("redis-server ended while starting:\n" + log());
    }
    try {
      RawRedis connection(socket_path_);
      const RawReply reply = connection.command({"PING"});
      if (!std::string_view(reply.text).starts_with("LOADING")) return;  // NOAUTH counts as an answer
    } catch (const std::exception&) {
      // Not listening yet.
    }
    if (Clock::now() > deadline) throw std::runtime_error("redis-server does not answer:\n" + log());
    std::this_thread::sleep_for(kPollEvery);
  }
}

void RedisServer::end(int signal) {
  if (pid_ <= 0) return;
  // SIGKILL ends a stopped server as well, and it shall not first do what it was sent meanwhile.
  if (signal != SIGKILL) ::kill(pid_, SIGCONT);
  ::kill(pid_, signal);
  const auto deadline = Clock::now() + kWatchdog;
  while (::waitpid(pid_, nullptr, WNOHANG) == 0) {
    if (Clock::now() > deadline) ::kill(pid_, SIGKILL);
    std::this_thread::sleep_for(kPollEvery);
  }
  pid_ = -1;
}

void RedisServer::signal_process(int signal) const {
  if (pid_ <= 0) throw std::logic_error("the redis-server of this test does not run");
  ::kill(pid_, signal);
  if (signal != SIGSTOP) return;
  int status = 0;  // kill() returns before the process has stopped
  ::waitpid(pid_, &status, WUNTRACED);
}

}  // namespace redstart::test
