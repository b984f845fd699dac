// SPDX-License-Identifier: Apache-2.0
// resolver.cpp: looks names up on helper threads.
#include "resolver.hpp"

#include <netdb.h>
#include <sys/un.h>
#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

namespace redstart::inline v0::net {

namespace {

Resolved unix_address(const std::string& path) {
  sockaddr_un un{};
  if (path.size() >= sizeof un.sun_path) return {{}, "the path of the Unix socket is too long"};
  un.sun_family = AF_UNIX;
  std::memcpy(un.sun_path, path.data(), path.size());
  Address address;
  std::memcpy(&address.storage, &un, sizeof un);
  address.size = sizeof un;
  return {{address}, {}};
}

Resolved lookup(const std::string& host, const std::string& port, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &list); error != 0)
    return {{}, ::gai_strerror(error)};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
  Resolved resolved;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    Address address;
    std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
    address.size = entry->ai_addrlen;
    resolved.addresses.push_back(address);
  }
  if (resolved.addresses.empty()) resolved.error = "the name has no address";
  return resolved;
}

std::atomic<bool> replaced{
    false};  // checked first, because a forked child may find the lock below locked indefinitely

struct Replacement {
  std::mutex mutex{};
  NameLookup lookup{};
};

Replacement& replacement() {
  static auto& of_process = *new Replacement;  // helper threads may outlive statics
  return of_process;
}

NameLookup name_lookup() {
  if (replaced.load(std::memory_order_acquire)) {
    const std::scoped_lock lock(replacement().mutex);
    if (replacement().lookup) return replacement().lookup;
  }
  return [](const std::string& host, const std::string& port) { return lookup(host, port, 0); };
}

}  // namespace

void replace_name_lookup(NameLookup lookup) {
  const std::scoped_lock lock(replacement().mutex);
  replacement().lookup = std::move(lookup);
  replaced.store(replacement().lookup != nullptr, std::memory_order_release);
}

bool needs_no_lookup(const Endpoint& endpoint) {
  return endpoint.is_unix() ||
         lookup(endpoint.host, std::to_string(endpoint.port), AI_NUMERICHOST).error.empty();
}

void resolve(const Endpoint& endpoint, std::function<void(Resolved)> done) {
  if (endpoint.is_unix()) return done(unix_address(endpoint.unix_path));
  const std::string port = std::to_string(endpoint.port);
  if (Resolved literal = lookup(endpoint.host, port, AI_NUMERICHOST); literal.error.empty())
    return done(std::move(literal));
  auto shared = std::make_shared<std::function<void(Resolved)>>(std::move(done));
  try {
    std::thread([shared, ask = name_lookup(), host = endpoint.host, port] {
      (*shared)(ask(host, port));
    }).detach();
  } catch (const std::system_error& error) {
    (*shared)({{}, std::string("no thread for the lookup: ") + error.what()});
  }
}

}  // namespace redstart::inline v0::net
