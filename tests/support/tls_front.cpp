// SPDX-License-Identifier: Apache-2.0
// tls_front.cpp: OpenSSL with memory BIOs between two blocking sockets.
#include "tls_front.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <utility>

namespace redstart::test {
namespace {

constexpr char mark = '\x01';  // followed by the size of the part as one byte, and the text
constexpr int slice_ms = 5;

void must(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("TLS front: ") + what);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}
// sockaddr is the common prefix of all address types.
sockaddr* generic(sockaddr_in& address) { return static_cast<sockaddr*>(static_cast<void*>(&address)); }

bool readable(int fd, int wait_ms) {
  pollfd entry{fd, POLLIN, 0};
  return ::poll(&entry, 1, wait_ms) > 0;
}

class File {
 public:
  explicit File(int fd) noexcept : fd_(fd) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

// The session of one client and the records to be sent to it.
class Session {
 public:
  Session(SSL_CTX* context, int client) : session_(SSL_new(context), SSL_free), client_(client) {
    SSL_set_bio(session_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(session_.get());
  }

  [[nodiscard]] bool established() const noexcept { return SSL_is_init_finished(session_.get()) == 1; }
  // Receives from the client and appends the plaintext. Returns false at the end of the stream.
  bool receive(std::string& into) {
    char bytes[16384];
    const ssize_t n = ::recv(client_, bytes, sizeof bytes, 0);
    if (n <= 0) return false;
    BIO_write(SSL_get_rbio(session_.get()), bytes, static_cast<int>(n));
    for (int got = 0; (got = SSL_read(session_.get(), bytes, sizeof bytes)) > 0;)
      into.append(bytes, static_cast<std::size_t>(got));
    ERR_clear_error();
    return flush();  // also sends handshake records
  }
  // Returns false if the client has closed the connection.
  bool send(std::string_view text) {
    const std::size_t at = text.find(mark);
    write(text.substr(0, at));
    if (at == std::string_view::npos) return flush();
    // Sent in one piece with the preceding bytes.
    const std::size_t goes = kept_.size() + static_cast<unsigned char>(text.at(at + 1));
    write(text.substr(at + 2));
    const std::string part = kept_.substr(0, goes);
    kept_.erase(0, goes);
    return send_raw(part);
  }

 private:
  void write(std::string_view text) {
    if (!text.empty()) SSL_write(session_.get(), text.data(), static_cast<int>(text.size()));
    take_records();
  }
  void take_records() {
    char bytes[16384];
    for (int n = 0; (n = BIO_read(SSL_get_wbio(session_.get()), bytes, sizeof bytes)) > 0;)
      kept_.append(bytes, static_cast<std::size_t>(n));
  }
  bool flush() {
    take_records();
    return send_raw(std::exchange(kept_, {}));
  }
  bool send_raw(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = ::send(client_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  std::unique_ptr<SSL, decltype(&SSL_free)> session_;
  int client_;
  std::string kept_{};
};

}  // namespace

std::string TlsFront::part_of_record(std::string_view text, std::size_t cut) {
  return std::string{mark, static_cast<char>(cut)}.append(text);
}

TlsFront::TlsFront(const CertificateFiles& files, std::uint16_t server)
    : context_(SSL_CTX_new(TLS_server_method())), server_(server) {
  must(context_ != nullptr, "no context");
  must(SSL_CTX_use_certificate_chain_file(context_, files.certificate.c_str()) == 1, "certificate");
  must(SSL_CTX_use_PrivateKey_file(context_, files.key.c_str(), SSL_FILETYPE_PEM) == 1, "key");
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  must(::bind(listener_, generic(address), size) == 0 && ::listen(listener_, 64) == 0 &&
           ::getsockname(listener_, generic(address), &size) == 0,
       "no port");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

TlsFront::~TlsFront() {
  stop_ = true;
  acceptor_.join();
  for (std::thread& relay : relays_) relay.join();
  ::close(listener_);
  SSL_CTX_free(context_);
}

void TlsFront::accept_all() {
  while (!stop_) {
    if (!readable(listener_, slice_ms)) continue;
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) relays_.emplace_back([this, fd] { relay(fd); });
  }
}

void TlsFront::relay(int client) {
  const File client_file(client);
  const File server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(server_);
  if (::connect(server.get(), generic(address), sizeof address) != 0) return;
  const int on = 1;
  for (const int fd : {client, server.get()}) ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  // A client that no longer reads must not block the end of the test.
  const timeval patience{1, 0};
  ::setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  Session session(context_, client);
  while (!stop_) {
    pollfd entries[] = {{client, POLLIN, 0}, {session.established() ? server.get() : -1, POLLIN, 0}};
    if (::poll(entries, 2, slice_ms) <= 0) continue;
    if (entries[0].revents != 0) {
      std::string text;
      if (!session.receive(text)) return;
      if (!text.empty() && ::send(server.get(), text.data(), text.size(), MSG_NOSIGNAL) <= 0) return;
    }
    if (entries[1].revents != 0) {
      char bytes[16384];
      const ssize_t n = ::recv(server.get(), bytes, sizeof bytes, 0);
      if (n <= 0 || !session.send({bytes, static_cast<std::size_t>(n)})) return;
    }
  }
}

}  // namespace redstart::test
