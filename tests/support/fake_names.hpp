// SPDX-License-Identifier: Apache-2.0
// fake_names.hpp: scripted results of host name lookups.
#pragma once

#include <netinet/in.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "net/resolver.hpp"

namespace redstart::test {

/// Replaces name resolution in this process during its lifetime: every name resolves to ports of 127.0.0.1.
/// Only one may exist at a time.
class FakeNames {
 public:
  using Answer = std::function<net::Resolved()>;

  /// A result with these addresses, in this order.
  explicit FakeNames(const std::vector<std::uint16_t>& ports) : FakeNames(at(ports)) {}
  explicit FakeNames(Answer answer) : state_(std::make_shared<State>()) {
    now(std::move(answer));
    net::replace_name_lookup([state = state_](const std::string&, const std::string&) {
      ++state->asked;
      Answer current;
      {
        const std::scoped_lock lock(state->mutex);
        current = state->answer;
      }
      return current();
    });
  }
  FakeNames(const FakeNames&) = delete;
  FakeNames& operator=(const FakeNames&) = delete;
  ~FakeNames() { net::replace_name_lookup({}); }

  /// Sets the result of the next lookups.
  void now(Answer answer) {
    const std::scoped_lock lock(state_->mutex);
    state_->answer = std::move(answer);
  }
  void now(const std::vector<std::uint16_t>& ports) { now(at(ports)); }
  /// A result without addresses, for this reason.
  void now_failing(std::string reason) {
    now([reason = std::move(reason)] { return net::Resolved{{}, reason}; });
  }
  /// The number of lookups so far.
  [[nodiscard]] std::size_t asked() const { return state_->asked; }

 private:
  struct State {
    std::mutex mutex{};
    Answer answer{};
    std::atomic<std::size_t> asked{0};
  };

  static Answer at(const std::vector<std::uint16_t>& ports) {
    net::Resolved found;
    for (const std::uint16_t port : ports) {
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(port);
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      net::Address one;
      std::memcpy(&one.storage, &address, sizeof address);
      one.size = sizeof address;
      found.addresses.push_back(one);
    }
    return [found] { return found; };
  }

  std::shared_ptr<State> state_;
};

}  // namespace redstart::test
