// SPDX-License-Identifier: Apache-2.0
// tls_peer.cpp: a server with OpenSSL on blocking sockets.
#include "tls_peer.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>

namespace redstart::test {
namespace {

void must(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("TLS peer: ") + what);
}

int take_any(int /*good*/, X509_STORE_CTX*) { return 1; }

// Ignores SIGPIPE, which OpenSSL's socket BIO raises if a client has closed the connection.
class NoSigpipe {
 public:
  NoSigpipe() {
    sigset_t pipe_only;
    ::sigemptyset(&pipe_only);
    ::sigaddset(&pipe_only, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_only, nullptr);
  }
};

}  // namespace

TlsPeer::TlsPeer(const CertificateFiles& files, TlsPeerWish wish)
    : wish_(std::move(wish)), context_(SSL_CTX_new(TLS_server_method())) {
  must(context_ != nullptr, "no context");
  SSL_CTX_set_security_level(context_, 0);  // allows what old servers use
  SSL_CTX_set_min_proto_version(context_, TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context_, wish_.newest);
  must(SSL_CTX_use_certificate_chain_file(context_, files.certificate.c_str()) == 1, "certificate");
  must(SSL_CTX_use_PrivateKey_file(context_, files.key.c_str(), SSL_FILETYPE_PEM) == 1, "key");
  if (wish_.asks_for_certificate) SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, take_any);
  if (!wish_.known_name.empty()) {
    SSL_CTX_callback_ctrl(context_, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                          reinterpret_cast<void (*)()>(&TlsPeer::on_name));
    SSL_CTX_ctrl(context_, SSL_CTRL_SET_TLSEXT_SERVERNAME_ARG, 0, this);
  }
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  // sockaddr is the common prefix of all address types.
  auto* const name = static_cast<sockaddr*>(static_cast<void*>(&address));
  must(::bind(listener_, name, size) == 0 && ::listen(listener_, 64) == 0 &&
           ::getsockname(listener_, name, &size) == 0,
       "no port");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

TlsPeer::~TlsPeer() {
  {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    if (current_ >= 0) ::shutdown(current_, SHUT_RDWR);
  }
  thread_.join();
  ::close(listener_);
  SSL_CTX_free(context_);
}

std::vector<TlsPeer::Visit> TlsPeer::visits() const {
  const std::scoped_lock lock(mutex_);
  return visits_;
}

int TlsPeer::on_name(SSL* session, int* alert, void* peer) {
  const char* const name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
  if (name != nullptr && static_cast<TlsPeer*>(peer)->wish_.known_name == name) return SSL_TLSEXT_ERR_OK;
  *alert = SSL_AD_UNRECOGNIZED_NAME;
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

void TlsPeer::serve() {
  const NoSigpipe quiet;
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    {
      const std::scoped_lock lock(mutex_);
      current_ = fd;
      if (stop_ || fd < 0) break;
    }
    Visit visit = receive(fd);
    const std::scoped_lock lock(mutex_);
    current_ = -1;
    ::close(fd);
    visits_.push_back(std::move(visit));
  }
  if (current_ >= 0) ::close(current_);
}

TlsPeer::Visit TlsPeer::receive(int fd) const {
  Visit visit;
  const std::unique_ptr<SSL, decltype(&SSL_free)> session(SSL_new(context_), SSL_free);
  SSL_set_fd(session.get(), fd);
  visit.established = SSL_accept(session.get()) == 1;
  if (const char* const name = SSL_get_servername(session.get(), TLSEXT_NAMETYPE_host_name))
    visit.name = name;
  if (visit.established && wish_.resets) {
    const linger at_once{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  } else if (visit.established) {
    char bytes[4096];
    for (int n = 0; (n = SSL_read(session.get(), bytes, sizeof bytes)) > 0;)
      visit.read.append(bytes, static_cast<std::size_t>(n));
  }
  ERR_clear_error();
  return visit;
}

}  // namespace redstart::test
