// SPDX-License-Identifier: Apache-2.0
// tls_session.cpp: runs OpenSSL over a socket.
#include "tls_session.hpp"

#include "descriptors.hpp"
#include "tls_text.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/tls1.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

namespace redstart::inline v0::net {

namespace {

constexpr std::size_t largest_record = SSL3_RT_MAX_PLAIN_LENGTH;

// Notes a refused certificate and the reason. It doesn't change the decision.
int on_verified(int good, X509_STORE_CTX* store) {
  if (good == 1) return 1;
  const void* const ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
  auto* const trouble = static_cast<TlsTrouble*>(SSL_get_app_data(static_cast<const SSL*>(ssl)));
  trouble->verify = X509_STORE_CTX_get_error(store);
  X509* const certificate = X509_STORE_CTX_get_current_cert(store);
  if (certificate != nullptr && X509_up_ref(certificate) == 1) trouble->certificate.reset(certificate);
  return good;
}

// Notes that the server requested a client certificate, and continues with that of the context.
int on_certificate_requested(SSL*, void* trouble) {
  static_cast<TlsTrouble*>(trouble)->certificate_requested = true;
  return 1;
}

// Matches whole labels and ignores the common name, because a certificate lists its names in the SAN.
bool expect(SSL* session, const TlsName& name) {
  if (!name.verifiable()) return false;
  X509_VERIFY_PARAM* const rules = SSL_get0_param(session);
  if (name.address) return X509_VERIFY_PARAM_set1_ip_asc(rules, name.text.c_str()) == 1;
  X509_VERIFY_PARAM_set_hostflags(rules,
                                  X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  return X509_VERIFY_PARAM_set1_host(rules, name.text.data(), name.text.size()) == 1;
}

}  // namespace

// OpenSSL's access to the socket. Its own socket BIO would raise SIGPIPE.
struct TlsBio {
  static TlsSession& of(BIO* bio) { return *static_cast<TlsSession*>(BIO_get_data(bio)); }

  static int write(BIO* bio, const char* bytes, int size) {
    TlsSession& session = of(bio);
    BIO_clear_retry_flags(bio);
    ssize_t n = 0;
    do {
      n = ::send(session.fd_, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n >= 0) return static_cast<int>(n);
    if (errno == EAGAIN || errno == EWOULDBLOCK)
      BIO_set_retry_write(bio);
    else
      session.error_ = errno;
    return -1;
  }

  static int read(BIO* bio, char* into, int size) {
    TlsSession& session = of(bio);
    BIO_clear_retry_flags(bio);
    const bool wait = std::exchange(session.may_wait_, false);
    ssize_t n = 0;
    do {
      n = ::recv(session.fd_, into, static_cast<std::size_t>(size), wait ? 0 : MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR && !wait);
    if (n > 0) {
      session.drained_ = n < size;
      return static_cast<int>(n);
    }
    if (n == 0)
      session.end_of_stream_ = true;
    else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
      BIO_set_retry_read(bio);
    else
      session.error_ = errno;
    return n == 0 ? 0 : -1;
  }

  static long control(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
    if (command == BIO_CTRL_FLUSH) return 1;
    if (command == BIO_CTRL_EOF) return of(bio).end_of_stream_ ? 1 : 0;
    return 0;
  }

  static int create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }

  // Made once and never freed, because connections may be closed until the process ends.
  static const BIO_METHOD* method() {
    static const BIO_METHOD* const made = [] {
      BIO_METHOD* const fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "redstart socket");
      if (fresh == nullptr) throw std::bad_alloc();
      BIO_meth_set_write(fresh, write);
      BIO_meth_set_read(fresh, read);
      BIO_meth_set_ctrl(fresh, control);
      BIO_meth_set_create(fresh, create);
      return fresh;
    }();
    return made;
  }
};

void TlsSession::Free::operator()(ssl_st* session) const noexcept { SSL_free(session); }

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context, TlsName name, int fd)
    : context_(std::move(context)),
      name_(std::move(name)),
      trouble_(std::make_unique<TlsTrouble>()),
      session_(SSL_new(context_->handle())),
      fd_(fd),
      generation_(fork_generation()) {
  SSL* const ssl = session_.get();
  BIO* const bio = ssl == nullptr ? nullptr : BIO_new(TlsBio::method());
  if (bio == nullptr) {
    ERR_clear_error();
    throw std::bad_alloc();
  }
  BIO_set_data(bio, this);
  SSL_set_bio(ssl, bio, bio);
  SSL_set_app_data(ssl, trouble_.get());
  SSL_set_connect_state(ssl);
  SSL_set_cert_cb(ssl, on_certificate_requested, trouble_.get());
  if (context_->verifies()) {
    SSL_set_verify(ssl, SSL_VERIFY_PEER, on_verified);
    if (!expect(ssl, name_)) {
      ERR_clear_error();
      throw std::bad_alloc();
    }
  }
  if (!name_.address)  // SNI; OpenSSL's macro for it has an old-style cast
    SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(name_.text.c_str()));
}

TlsSession::~TlsSession() = default;

IoResult TlsSession::handshake() noexcept {
  ERR_clear_error();
  const int returned = SSL_do_handshake(session_.get());
  if (returned != 1) return ended(returned);
  established_ = true;
  return {};
}

// Turns an unsuccessful call of OpenSSL into a result.
IoResult TlsSession::ended(int returned) noexcept {
  switch (SSL_get_error(session_.get(), returned)) {
    case SSL_ERROR_WANT_READ: wants_write_ = false; return {0, EAGAIN};
    case SSL_ERROR_WANT_WRITE: wants_write_ = true; return {0, EAGAIN};
    case SSL_ERROR_ZERO_RETURN: break;  // the peer has sent close_notify
    default:
      if (error_ == 0 && !end_of_stream_) trouble_->error = ERR_peek_error();
      last_.error = error_ != 0 ? error_ : end_of_stream_ ? 0 : EPROTO;
      break;
  }
  ERR_clear_error();  // other code on this thread may use OpenSSL, too
  failed_ = true;
  return last_;
}

IoResult TlsSession::send(std::span<const char> bytes) noexcept {
  std::size_t sent = 0;
  while (sent != bytes.size()) {
    if (failed_ || send_error_ != 0) {
      const int error = send_error_ != 0 ? send_error_ : last_.error;
      return sent != 0 ? IoResult{sent, 0} : IoResult{0, error != 0 ? error : EPIPE};
    }
    ERR_clear_error();
    std::size_t n = 0;
    const int returned = SSL_write_ex(session_.get(), bytes.data() + sent, bytes.size() - sent, &n);
    if (returned == 1) {
      unfinished_ = false;
      sent += n;
      continue;
    }
    const int failed = std::exchange(error_, 0);
    if (failed != 0) {
      // Sending has failed, but data and an alert that the peer sent before can still be read.
      send_error_ = failed;
      ERR_clear_error();
      continue;
    }
    const IoResult result = ended(returned);
    if (result.error == EAGAIN) {
      unfinished_ = true;
      return sent != 0 ? IoResult{sent, 0} : result;
    }
  }
  return {sent, 0};
}

IoResult TlsSession::send(std::span<const iovec> pieces) noexcept {
  // One record after the other: small pieces are combined, large ones are encrypted in place. After EAGAIN,
  // the same record is made again from the same byte on, as OpenSSL requires.
  char record[largest_record];
  std::size_t sent = 0;
  std::size_t at = 0;  // in the first piece
  while (!pieces.empty()) {
    const char* const first = static_cast<const char*>(pieces.front().iov_base) + at;
    const std::size_t left = pieces.front().iov_len - at;
    std::span<const char> next(first, left);
    if (left < largest_record && pieces.size() > 1) {
      std::size_t used = 0;
      for (std::size_t i = 0; i < pieces.size() && used != largest_record; ++i) {
        const std::size_t skip = i == 0 ? at : 0;
        const std::size_t n = std::min(pieces[i].iov_len - skip, largest_record - used);
        std::memcpy(record + used, static_cast<const char*>(pieces[i].iov_base) + skip, n);
        used += n;
      }
      next = {record, used};
    }
    const IoResult result = send(next);
    sent += result.bytes;
    for (at += result.bytes; !pieces.empty() && at >= pieces.front().iov_len; pieces = pieces.subspan(1))
      at -= pieces.front().iov_len;
    if (result.bytes != next.size()) return sent != 0 ? IoResult{sent, 0} : result;
  }
  return {sent, 0};
}

IoResult TlsSession::receive(char* into, std::size_t size, bool wait) noexcept {
  std::size_t got = 0;
  may_wait_ = wait;
  while (got != size && !failed_) {
    ERR_clear_error();
    std::size_t n = 0;
    const int returned = SSL_read_ex(session_.get(), into + got, size - got, &n);
    if (returned != 1) {
      const IoResult result = ended(returned);
      if (result.error != EAGAIN) break;
      may_wait_ = false;
      return got != 0 ? IoResult{got, 0} : result;
    }
    got += n;
    received_data_ = true;
    may_wait_ = false;
    if ((wait || drained_) && SSL_has_pending(session_.get()) == 0) break;
  }
  return got != 0 ? IoResult{got, 0} : last_;
}

// OpenSSL counts bytes that it has not parsed. After the header of a record there may be none: then it waits
// for the body (state "RB").
bool TlsSession::holds_bytes() const noexcept {
  if (SSL_has_pending(session_.get()) == 1) return true;
  const std::string_view state = SSL_rstate_string(session_.get());
  return state == "RB";
}

IoResult TlsSession::peek(char* into, std::size_t size) noexcept {
  if (failed_ || send_error_ != 0) return {0, EPIPE};
  ERR_clear_error();
  std::size_t n = 0;
  const int returned = SSL_peek_ex(session_.get(), into, size, &n);
  return returned == 1 ? IoResult{n, 0} : ended(returned);
}

Cause TlsSession::failure() const { return tls_failure(*trouble_, name_.text, last_.error); }

bool TlsSession::at_fault() const noexcept {
  // With TLS 1.3, a server checks the client certificate after the handshake has ended on our side. If it
  // closes with unread bytes, its alert may be lost.
  const bool turned_away = failed_ && !received_data_ && trouble_->certificate_requested;
  return trouble_->error != 0 || trouble_->verify != 0 || turned_away;
}

void TlsSession::close() noexcept {
  // It would complete a partial record, so that bytes that were reported as not sent would be sent.
  if (!established_ || failed_ || send_error_ != 0 || unfinished_ || forked(generation_)) return;
  failed_ = true;
  ERR_clear_error();
  static_cast<void>(SSL_shutdown(session_.get()));
  ERR_clear_error();
}

}  // namespace redstart::inline v0::net
