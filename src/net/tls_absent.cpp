// SPDX-License-Identifier: Apache-2.0
// tls_absent.cpp: replaces TLS in builds without it; only `load` is ever called.
#include "../protocol/outcome.hpp"
#include "tls_context.hpp"
#include "tls_session.hpp"

#include <cerrno>

namespace redstart::inline v0::net {

struct TlsTrouble {};

void TlsContext::Free::operator()(ssl_ctx_st*) const noexcept {}
std::shared_ptr<const TlsContext> TlsContext::load(const TlsConfig&, std::string& fault) {
  fault = "this library was built without TLS (REDSTART_WITH_TLS=OFF)";
  return nullptr;
}

void TlsSession::Free::operator()(ssl_st*) const noexcept {}
TlsSession::TlsSession(std::shared_ptr<const TlsContext> context, TlsName name, int fd)
    : context_(std::move(context)), name_(std::move(name)), fd_(fd), generation_(0) {}
TlsSession::~TlsSession() = default;

IoResult TlsSession::handshake() noexcept { return {0, EPROTO}; }
IoResult TlsSession::send(std::span<const char>) noexcept { return {0, EPROTO}; }
IoResult TlsSession::send(std::span<const iovec>) noexcept { return {0, EPROTO}; }
IoResult TlsSession::receive(char*, std::size_t, bool) noexcept { return {0, EPROTO}; }
bool TlsSession::holds_bytes() const noexcept { return false; }
IoResult TlsSession::peek(char*, std::size_t) noexcept { return {0, EPROTO}; }
Cause TlsSession::failure() const { return {}; }
bool TlsSession::at_fault() const noexcept { return false; }
void TlsSession::close() noexcept {}

}  // namespace redstart::inline v0::net
