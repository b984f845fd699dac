// SPDX-License-Identifier: Apache-2.0
// private_server.cpp: the process of the drill's server.
#include "private_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace drill {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::string program() {
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/usr/bin:/usr/local/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string candidate = folder + "/redis-server";
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

std::string fresh_folder() {
  std::string name = "/tmp/redstart-drill-XXXXXX";  // short: a socket's path holds 107 bytes
  if (::mkdtemp(name.data()) == nullptr) throw std::system_error(errno, std::generic_category(), name);
  return name;
}

// A socket that is closed at the end of its block.
class Socket {
 public:
  explicit Socket(int family) : fd_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "socket");
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { ::close(fd_); }
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

}  // namespace

PrivateServer::PrivateServer() : folder_(fresh_folder()) {
  try {
    reserve_port();
    start();
    await_answer();
  } catch (const std::exception&) {
    end();
    if (reserved_ >= 0) ::close(reserved_);
    remove_folder();
    throw;
  }
}

PrivateServer::~PrivateServer() {
  end();
  ::close(reserved_);
  remove_folder();
}

// Reserves the port: no other process gets it as a free one. The server may listen on it, since both set
// SO_REUSEADDR.
void PrivateServer::reserve_port() {
  reserved_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (reserved_ < 0 || ::setsockopt(reserved_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(reserved_, generic, size) != 0 || ::getsockname(reserved_, generic, &size) != 0)
    throw std::system_error(errno, std::generic_category(), "no free loopback port");
  port_ = ntohs(address.sin_port);
}

bool PrivateServer::installed() { return !program().empty(); }

bool PrivateServer::answers() const {
  const Socket socket(AF_UNIX);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (folder_ + "/socket").c_str(), sizeof address.sun_path - 1);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return false;
  const timeval patience{1, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  char reply[64] = {};
  return ::send(socket.get(), "PING\r\n", 6, MSG_NOSIGNAL) == 6 &&
         ::recv(socket.get(), reply, sizeof reply - 1, 0) > 0 && std::strncmp(reply, "+PONG", 5) == 0;
}

void PrivateServer::await_answer() const {
  for (const auto until = Clock::now() + 30s; !answers(); std::this_thread::sleep_for(2ms)) {
    if (!has_ended() && Clock::now() < until) continue;
    std::ostringstream log;
    log << std::ifstream(folder_ + "/log").rdbuf();
    throw std::runtime_error("the redis-server of the drill does not answer:\n" + log.str());
  }
}

void PrivateServer::start(const std::vector<std::string>& more) {
  std::vector<std::string> words{
      program(), "--port", std::to_string(port_), "--bind", "127.0.0.1",
      // Its files, and writes that are kept.
      "--unixsocket", folder_ + "/socket", "--dir", folder_, "--logfile", folder_ + "/log", "--save", "",
      "--appendonly", "yes", "--appendfsync", "no", "--auto-aof-rewrite-percentage", "0",
      // While it loads, it serves CONFIG and similar commands after each 1,024 bytes.
      "--loading-process-events-interval-bytes", "1024"};
  words.insert(words.end(), more.begin(), more.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) {  // only async-signal-safe calls from here to exec: the drill has threads
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
}

// It stays for end() to wait for.
bool PrivateServer::has_ended() const {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == pid_;
}

void PrivateServer::kill() { end(); }
void PrivateServer::freeze() { ::kill(pid_, SIGSTOP); }
void PrivateServer::thaw() { ::kill(pid_, SIGCONT); }

void PrivateServer::end() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void PrivateServer::remove_folder() const {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace drill
