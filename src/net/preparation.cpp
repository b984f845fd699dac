// SPDX-License-Identifier: Apache-2.0
// preparation.cpp: asks files, providers and name servers, on a helper thread where they might block.
#include "preparation.hpp"

#include <redstart/resilience/random.hpp>

#include <cxxabi.h>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
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

// The provider's answer, or why there is none. Blocks as long as it does.
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

Prepared no_thread(const std::system_error& error) {
  Prepared prepared;
  prepared.failure = OpenFailure{Errc::resource_exhausted,
                                 Remedy::retry,
                                 std::string("no thread to prepare the connection: ") + error.what(),
                                 {}};
  return prepared;
}

using Done = std::function<void(Prepared)>;

// Runs `work` on a thread of its own, which may outlive everybody.
template <class Work>
void on_helper(const std::shared_ptr<Done>& done, Work work) {
  try {
    std::thread([done, work = std::move(work)] {
      try {
        work(*done);
      } catch (const std::exception& error) {  // no memory
        Prepared prepared;
        prepared.failure = OpenFailure{Errc::resource_exhausted, Remedy::retry, error.what(), {}};
        (*done)(std::move(prepared));
      }
    }).detach();
  } catch (const std::system_error& error) {
    (*done)(no_thread(error));
  }
}

void look_up(const Endpoint& endpoint, Prepared prepared, const Done& done) {
  // Shared: a callback that is copied must not copy secrets.
  const auto found = std::make_shared<Prepared>(std::move(prepared));
  resolve(endpoint, [found, done](Resolved resolved) {
    found->resolved = std::move(resolved);
    if (found->resolved.addresses.empty())
      found->failure = OpenFailure{Errc::resolve_failed, Remedy::retry, found->resolved.error, {}};
    done(std::move(*found));
  });
}

// Shared with the helper thread, which may outlive the call.
struct Answer {
  std::mutex mutex{};
  std::condition_variable given{};
  std::optional<Prepared> prepared{};
};

// Nobody can wake one who waits here, so he looks up by himself.
constexpr std::chrono::milliseconds look_up_every{20};

template <class Begin>
std::optional<Prepared> await(Begin begin, Time deadline, const std::function<bool()>& interrupted) {
  const auto answer = std::make_shared<Answer>();
  begin([answer](Prepared prepared) {
    const std::scoped_lock lock(answer->mutex);
    answer->prepared = std::move(prepared);
    answer->given.notify_one();
  });
  std::unique_lock lock(answer->mutex);
  while (!answer->prepared) {
    const Time now = Clock::now();
    if (interrupted()) {
      Prepared none;
      none.failure = connect_failure(ECANCELED, true);
      return none;
    }
    if (now >= deadline) return std::nullopt;
    answer->given.wait_until(lock, std::min(deadline, now + look_up_every));
  }
  return std::move(answer->prepared);
}

}  // namespace

OpenFailure not_in_time(Awaited awaited) {
  switch (awaited) {
    case Awaited::files:
      return {Errc::connect_timeout, Remedy::retry, "the TLS files could not be read in time", {}};
    case Awaited::provider:
      return {Errc::connect_timeout, Remedy::retry, "the credentials provider did not answer in time", {}};
    case Awaited::lookup: break;
  }
  return {Errc::resolve_failed, Remedy::retry, "the lookup did not end in time", {}};
}

void prepare(const DatabaseConfig& config, std::shared_ptr<TlsSource> tls, const Progress& progress,
             std::function<void(Prepared)> done) {
  if (!tls && !config.credentials) return look_up(config.endpoint, {}, done);
  progress->store(tls ? Awaited::files : Awaited::provider);
  // What it needs of the configuration is copied: nobody waits for this thread.
  on_helper(std::make_shared<Done>(std::move(done)),
            [tls = std::move(tls), provider = config.credentials, endpoint = config.endpoint,
             progress](const Done& tell) {
              Prepared prepared;
              if (tls) prepared.tls = tls->current(prepared.failure);
              if (!prepared.failure && provider) {
                progress->store(Awaited::provider);
                prepared.failure = ask(*provider, prepared.credentials);
              }
              if (prepared.failure) return tell(std::move(prepared));
              progress->store(Awaited::lookup);
              look_up(endpoint, std::move(prepared), tell);
            });
}

void ask_again(std::shared_ptr<CredentialsProvider> provider, std::function<void(Prepared)> done) {
  on_helper(std::make_shared<Done>(std::move(done)), [provider = std::move(provider)](const Done& tell) {
    Prepared prepared;
    prepared.failure = ask(*provider, prepared.credentials);
    tell(std::move(prepared));
  });
}

Prepared prepare(const DatabaseConfig& config, std::shared_ptr<TlsSource> tls, Time deadline,
                 const std::function<bool()>& interrupted) {
  const Progress progress = new_progress();
  auto found = await([&](Done done) { prepare(config, std::move(tls), progress, std::move(done)); }, deadline,
                     interrupted);
  if (found) return *std::move(found);
  Prepared none;
  none.failure = not_in_time(*progress);
  return none;
}

Prepared ask_again(std::shared_ptr<CredentialsProvider> provider, Time deadline,
                   const std::function<bool()>& interrupted) {
  auto given =
      await([&](Done done) { ask_again(std::move(provider), std::move(done)); }, deadline, interrupted);
  if (given) return *std::move(given);
  Prepared none;
  none.failure = not_in_time(Awaited::provider);
  return none;
}

protocol::HandshakeSettings handshake_settings(const DatabaseConfig& config, const std::string& client_name) {
  protocol::HandshakeSettings settings;
  settings.username = config.username;
  settings.password = config.password.reveal();
  settings.client_name = client_name;
  settings.number = config.number;
  settings.protocol = config.protocol;
  settings.random = Random(random_seed()).unit();
  settings.extent = config.handshake;
  settings.integrity = config.integrity;
  return settings;
}

bool wrong_password(Errc code, std::string_view server) noexcept {
  return code == Errc::authentication_failed &&
         (server.starts_with("WRONGPASS") || server.starts_with("ERR invalid password"));
}

}  // namespace redstart::net
