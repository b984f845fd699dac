// SPDX-License-Identifier: Apache-2.0
// preparation.cpp: asks files, providers and name servers, on a helper thread where they might block.
#include "preparation.hpp"

#include <cxxabi.h>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <typeinfo>
#include <utility>

namespace redstart::net {

namespace {

// What it throws may hold the very secret: it is named, and not repeated.
OpenFailure provider_failed(const std::string& thrown) {
  return {Errc::authentication_failed, Remedy::retry, "the credentials provider threw " + thrown, {}};
}

std::string type_of(const std::exception& error) {
  int failed = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(typeid(error).name(), nullptr, nullptr, &failed), &std::free);
  return failed == 0 ? std::string(name.get()) : std::string("an exception");
}

// Runs `work` on a thread of its own, which may outlive everybody; without one, `fail` is told why.
template <class Work, class Fail>
void on_helper(Work work, Fail fail) {
  try {
    std::thread(std::move(work)).detach();
  } catch (const std::system_error& error) {
    fail(OpenFailure{Errc::resource_exhausted,
                     Remedy::retry,
                     std::string("no thread to prepare the connection: ") + error.what(),
                     {}});
  }
}

}  // namespace

std::optional<OpenFailure> ask(CredentialsProvider& provider, Credentials& into) {
  try {
    into = provider.credentials();
    return std::nullopt;
  } catch (const std::exception& error) {
    return provider_failed(type_of(error));
  } catch (...) {
    return provider_failed("what is no std::exception");
  }
}

Prepared prepare_here(const DatabaseConfig& config, TlsSource* tls) {
  Prepared prepared;
  if (tls != nullptr) prepared.tls = tls->current(prepared.failure);
  if (!prepared.failure && config.credentials)
    prepared.failure = ask(*config.credentials, prepared.credentials);
  return prepared;
}

void prepare(const DatabaseConfig& config, std::shared_ptr<TlsSource> tls,
             std::function<void(Prepared)> done) {
  if (!tls && !config.credentials) {
    resolve(config.endpoint, [done = std::move(done)](Resolved resolved) {
      Prepared prepared;
      prepared.resolved = std::move(resolved);
      done(std::move(prepared));
    });
    return;
  }
  const auto shared = std::make_shared<std::function<void(Prepared)>>(std::move(done));
  // What it needs of the configuration is copied: nobody waits for this thread.
  struct Needs {
    DatabaseConfig config;
    std::shared_ptr<TlsSource> tls;
  };
  auto needs = std::make_shared<Needs>();
  needs->config.endpoint = config.endpoint;
  needs->config.credentials = config.credentials;
  needs->tls = std::move(tls);
  on_helper(
      [shared, needs = std::move(needs)] {
        Prepared prepared = prepare_here(needs->config, needs->tls.get());
        if (prepared.failure) return (*shared)(std::move(prepared));
        const auto found = std::make_shared<Prepared>(std::move(prepared));
        resolve(needs->config.endpoint, [shared, found](Resolved resolved) {
          found->resolved = std::move(resolved);
          (*shared)(std::move(*found));
        });
      },
      [shared](OpenFailure failure) {
        Prepared prepared;
        prepared.failure = std::move(failure);
        (*shared)(std::move(prepared));
      });
}

void ask_again(std::shared_ptr<CredentialsProvider> provider, std::function<void(Prepared)> done) {
  const auto shared = std::make_shared<std::function<void(Prepared)>>(std::move(done));
  const auto tell = [shared](std::optional<OpenFailure> failure, Credentials credentials) {
    Prepared prepared;
    prepared.failure = std::move(failure);
    prepared.credentials = std::move(credentials);
    (*shared)(std::move(prepared));
  };
  on_helper(
      [tell, provider = std::move(provider)] {
        Credentials credentials;
        auto failure = ask(*provider, credentials);
        tell(std::move(failure), std::move(credentials));
      },
      [tell](OpenFailure failure) { tell(std::move(failure), {}); });
}

bool wrong_password(Errc code, std::string_view server) noexcept {
  return code == Errc::authentication_failed &&
         (server.starts_with("WRONGPASS") || server.starts_with("ERR invalid password"));
}

}  // namespace redstart::net
