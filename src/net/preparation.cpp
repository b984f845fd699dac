// SPDX-License-Identifier: Apache-2.0
// preparation.cpp: runs preparations, on helper threads if they may block.
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
#include <vector>

namespace redstart::inline v0::net {

namespace {

std::string type_of(const std::exception& error) {
  int failed = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(typeid(error).name(), nullptr, nullptr, &failed), &std::free);
  return failed == 0 ? std::string(name.get()) : std::string("an exception");
}

// Gets credentials from the provider, or returns the failure. Blocks as long as the provider does.
std::optional<Cause> ask(CredentialsProvider& provider, Credentials& into) {
  try {
    into = provider.credentials();
    return std::nullopt;
  } catch (const std::exception& error) {
    return failure::provider_threw(type_of(error));
  } catch (...) {
    return failure::provider_threw("an exception that is no std::exception");
  }
}

Prepared no_thread(const std::system_error& error) {
  Prepared prepared;
  prepared.failure = failure::no_thread(error.what());
  return prepared;
}

using Done = Preparer::Done;

// Runs `work` on a detached thread, which may outlive the caller and the preparer.
template <class Work>
void on_helper(const std::shared_ptr<Done>& done, Work work) {
  try {
    std::thread([done, work = std::move(work)] {
      try {
        work(*done);
      } catch (const std::exception& error) {  // no memory
        Prepared prepared;
        prepared.failure = failure::out_of_resources(error.what());
        (*done)(std::move(prepared));
      }
    }).detach();
  } catch (const std::system_error& error) {
    (*done)(no_thread(error));
  }
}

void look_up(const Endpoint& endpoint, Prepared prepared, const Done& done) {
  // By pointer, because the callback may be copied and must not copy secrets.
  const auto found = std::make_shared<Prepared>(std::move(prepared));
  resolve(endpoint, [found, done](Resolved resolved) {
    found->resolved = std::move(resolved);
    if (found->resolved.addresses.empty()) found->failure = failure::not_resolved(found->resolved.error);
    done(std::move(*found));
  });
}

// Owned by the caller and the helper thread, which may outlive the call.
struct Answer {
  std::mutex mutex{};
  std::condition_variable given{};
  std::optional<Prepared> prepared{};
};

// An interruption can't wake a caller that waits here, so the caller polls for it.
constexpr std::chrono::milliseconds poll_every{20};

template <class Begin>
std::optional<Prepared> await(Begin begin, TimePoint deadline, const std::function<bool()>& interrupted) {
  const auto answer = std::make_shared<Answer>();
  const Preparer::Subscription held = begin([answer](Prepared prepared) {
    const std::scoped_lock lock(answer->mutex);
    answer->prepared = std::move(prepared);
    answer->given.notify_one();
  });
  std::unique_lock lock(answer->mutex);
  while (!answer->prepared) {
    const TimePoint now = Clock::now();
    if (interrupted()) {
      Prepared none;
      none.failure = failure::interrupted();
      return none;
    }
    if (now >= deadline) return std::nullopt;
    answer->given.wait_until(lock, std::min(deadline, now + poll_every));
  }
  return std::move(answer->prepared);
}

}  // namespace

Cause preparation_timeout(PreparationStep step) {
  switch (step) {
    case PreparationStep::files: return failure::tls_files_timeout();
    case PreparationStep::provider: return failure::provider_timeout();
    case PreparationStep::lookup: break;
  }
  return failure::lookup_timeout();
}

Preparer::Preparer(const DatabaseConfig& config, std::shared_ptr<TlsSource> tls)
    : tls_(std::move(tls)), provider_(config.credentials), endpoint_(config.endpoint) {}

std::shared_ptr<Preparer::Preparation> Preparer::join(Series& series, TimePoint now,
                                                      const Subscription& subscriber, Progress* progress) {
  const std::scoped_lock lock(mutex_);
  const bool hangs = series.current && now - series.current->began >= series.patience;
  const bool first = !series.current || hangs;
  if (hangs) series.patience *= 2;
  if (first) {
    series.current = std::make_shared<Preparation>();
    series.current->began = now;
  }
  // Remove subscribers whose attempts have ended, so that a hanging preparation doesn't collect them.
  std::erase_if(series.current->waiting, [](const auto& waiting) { return waiting.expired(); });
  series.current->waiting.push_back(subscriber);
  if (progress != nullptr) *progress = series.current->progress;
  return first ? series.current : nullptr;
}

void Preparer::answer(Series& series, const std::shared_ptr<Preparation>& preparation,
                      const Prepared& prepared) {
  std::vector<std::weak_ptr<const Done>> waiting;
  {
    const std::scoped_lock lock(mutex_);
    waiting.swap(preparation->waiting);
    if (series.current == preparation) series.current.reset();
    series.patience = first_patience;
  }
  for (const auto& one : waiting) {
    if (const Subscription subscriber = one.lock()) (*subscriber)(prepared);
  }
}

Preparer::Subscription Preparer::prepare(TimePoint now, Progress& progress, Done done) {
  auto subscriber = std::make_shared<const Done>(std::move(done));
  if (!tls_ && !provider_ && needs_no_lookup(endpoint_)) {
    look_up(endpoint_, {}, *subscriber);
    return subscriber;
  }
  const auto preparation = join(preparations_, now, subscriber, &progress);
  if (!preparation) return subscriber;
  const auto on_answer =
      std::make_shared<Done>([self = shared_from_this(), preparation](const Prepared& prepared) {
        self->answer(self->preparations_, preparation, prepared);
      });
  preparation->progress->store(tls_        ? PreparationStep::files
                               : provider_ ? PreparationStep::provider
                                           : PreparationStep::lookup);
  if (!tls_ && !provider_) {
    look_up(endpoint_, {}, *on_answer);
    return subscriber;
  }
  on_helper(on_answer, [self = shared_from_this(), moved = preparation->progress](const Done& finish) {
    Prepared prepared;
    if (self->tls_) prepared.tls = self->tls_->current(self->endpoint_.host, prepared.failure);
    if (!prepared.failure && self->provider_) {
      moved->store(PreparationStep::provider);
      prepared.failure = ask(*self->provider_, prepared.credentials);
    }
    if (prepared.failure) return finish(std::move(prepared));
    moved->store(PreparationStep::lookup);
    look_up(self->endpoint_, std::move(prepared), finish);
  });
  return subscriber;
}

Preparer::Subscription Preparer::renew_credentials(TimePoint now, Done done) {
  auto subscriber = std::make_shared<const Done>(std::move(done));
  const auto preparation = join(renewals_, now, subscriber, nullptr);
  if (!preparation) return subscriber;
  const auto on_answer =
      std::make_shared<Done>([self = shared_from_this(), preparation](const Prepared& prepared) {
        self->answer(self->renewals_, preparation, prepared);
      });
  on_helper(on_answer, [provider = provider_](const Done& finish) {
    Prepared prepared;
    prepared.failure = ask(*provider, prepared.credentials);
    finish(std::move(prepared));
  });
  return subscriber;
}

Prepared Preparer::prepare(TimePoint deadline, const std::function<bool()>& interrupted) {
  Progress progress = new_progress();
  auto found = await([&](Done done) { return prepare(Clock::now(), progress, std::move(done)); }, deadline,
                     interrupted);
  if (found) return *std::move(found);
  Prepared none;
  none.failure = preparation_timeout(*progress);
  return none;
}

Prepared Preparer::renew_credentials(TimePoint deadline, const std::function<bool()>& interrupted) {
  auto given = await([&](Done done) { return renew_credentials(Clock::now(), std::move(done)); }, deadline,
                     interrupted);
  if (given) return *std::move(given);
  Prepared none;
  none.failure = preparation_timeout(PreparationStep::provider);
  return none;
}

protocol::HandshakeSettings handshake_settings(const DatabaseConfig& config, const std::string& client_name) {
  protocol::HandshakeSettings settings;
  settings.username = config.username;
  settings.password = config.password.reveal();
  settings.client_name = client_name;
  settings.number = config.number.value_or(0);
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

}  // namespace redstart::inline v0::net
