// SPDX-License-Identifier: Apache-2.0
// redis_server.cpp: starts, pauses and stops a private redis-server.
#include "redis_server.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
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
  if (const char* named = std::getenv("REDSTART_TEST_SERVER"); named != nullptr && *named != '\0')
    return named;
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/usr/bin:/usr/local/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string candidate = folder + "/redis-server";
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

// "Redis server v=7.0.15 sha=…". A program without a version counts as 0.0 and has no later features.
ServerVersion ask_version(const std::string& program) {
  ServerVersion version;
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(("'" + program + "' --version").c_str(), "r"),
                                                   &::pclose);
  char line[256] = "";
  if (pipe == nullptr || std::fgets(line, sizeof line, pipe.get()) == nullptr) return version;
  std::istringstream words(line);
  std::string word;
  words >> version.product;
  while (words >> word) {
    if (!word.starts_with("v=")) continue;
    version.text = word.substr(2);
    static_cast<void>(std::sscanf(version.text.c_str(), "%u.%u", &version.major, &version.minor));
  }
  return version;
}

// Each program is queried once.
const ServerVersion& version_of(const std::string& program) {
  static std::mutex mutex;
  static std::map<std::string, ServerVersion> versions;
  const std::scoped_lock lock(mutex);
  const auto found = versions.find(program);
  return found != versions.end() ? found->second
                                 : versions.emplace(program, ask_version(program)).first->second;
}

// sun_path holds 108 bytes, so a long TMPDIR would leave no room for the name of the socket.
std::string make_directory() {
  const char* base = std::getenv("TMPDIR");
  std::string name = base != nullptr && *base != '\0' && std::strlen(base) < 70 ? base : "/tmp";
  name += "/redstart-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr)
    throw std::system_error(errno, std::generic_category(), "mkdtemp " + name);
  return name;
}

// Waits until the server has closed the connection. With `maxclients 1` it would refuse the next one until
// then.
void leave(RawRedis& connection) {
  try {
    if (connection.command({"QUIT"}).text == "OK") static_cast<void>(connection.receive());
  } catch (const std::exception&) {
    // The connection is closed.
  }
}

}  // namespace

bool RedisServer::available() { return !find_program().empty(); }

const ServerVersion& RedisServer::available_version() { return version_of(find_program()); }

RedisServer::RedisServer(std::vector<std::string> arguments, std::string program)
    : arguments_(std::move(arguments)),
      program_(program.empty() ? find_program() : std::move(program)),
      version_(&version_of(program_)),
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
  if (running()) throw std::logic_error("the redis-server of this test is already running");
  launch(more);
}

void RedisServer::pause() { signal_process(SIGSTOP); }
void RedisServer::resume() { signal_process(SIGCONT); }

void RedisServer::launch(const std::vector<std::string>& more) {
  if (program_.empty()) throw std::runtime_error("redis-server is not installed");
  std::vector<std::string> words{
      program_,       "--port",     port_.text(), "--bind",    "127.0.0.1",
      "--unixsocket", socket_path_, "--save",     "",          "--appendonly",
      "no",           "--dir",      directory_,   "--logfile", directory_ + "/redis.log"};
  if (version().since(7, 0)) words.insert(words.end(), {"--enable-debug-command", "yes"});
  words.insert(words.end(), arguments_.begin(), arguments_.end());
  words.insert(words.end(), more.begin(), more.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) {  // only async-signal-safe calls up to exec: the test may have threads
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
      if (!std::string_view(reply.text).starts_with("LOADING")) {  // NOAUTH counts as an answer
        leave(connection);
        return;
      }
    } catch (const std::exception&) {
      // Not listening yet.
    }
    if (Clock::now() > deadline) throw std::runtime_error("redis-server does not answer:\n" + log());
    std::this_thread::sleep_for(kPollEvery);
  }
}

void RedisServer::end(int signal) {
  if (pid_ <= 0) return;
  // SIGKILL also ends a stopped server, which must not execute pending commands first.
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
  if (pid_ <= 0) throw std::logic_error("the redis-server of this test is not running");
  ::kill(pid_, signal);
  if (signal != SIGSTOP) return;
  int status = 0;  // kill() returns before the process has stopped
  ::waitpid(pid_, &status, WUNTRACED);
}

}  // namespace redstart::test
