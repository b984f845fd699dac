// SPDX-License-Identifier: Apache-2.0
// preparation.cpp: runs preparations, on helper threads if they may block.
#include "preparation.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace redstart::inline v0::net {

namespace {

// Returns the source that was passed, or one for this preparer alone.
std::shared_ptr<CredentialsSource> source_of(const DatabaseConfig& config,
                                             std::shared_ptr<CredentialsSource> passed) {
  if (passed || !config.credentials) return passed;
  return std::make_shared<CredentialsSource>(config.credentials);
}

void keep_provided(CredentialsSource::Provided provided, Prepared& into) {
  into.credentials = std::move(provided.credentials);
  into.term = provided.term;
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

protocol::OpeningFsm::Preparation take_facts(Prepared& prepared) {
  return {prepared.resolved.addresses.size(), prepared.tls != nullptr, std::move(prepared.credentials),
          std::move(prepared.failure), prepared.term};
}

Preparer::Preparer(const DatabaseConfig& config, std::shared_ptr<TlsSource> tls,
                   std::shared_ptr<CredentialsSource> credentials)
    : tls_(std::move(tls)),
      credentials_(source_of(config, std::move(credentials))),
      endpoint_(config.endpoint) {}

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
  if (!tls_ && !credentials_ && needs_no_lookup(endpoint_)) {
    look_up(endpoint_, {}, *subscriber);
    return subscriber;
  }
  const auto preparation = join(preparations_, now, subscriber, &progress);
  if (!preparation) return subscriber;
  const auto on_answer =
      std::make_shared<Done>([self = shared_from_this(), preparation](const Prepared& prepared) {
        self->answer(self->preparations_, preparation, prepared);
      });
  preparation->progress->store(tls_           ? PreparationStep::files
                               : credentials_ ? PreparationStep::provider
                                              : PreparationStep::lookup);
  if (!tls_ && !credentials_) {
    look_up(endpoint_, {}, *on_answer);
    return subscriber;
  }
  on_helper(on_answer, [self = shared_from_this(), moved = preparation->progress](const Done& finish) {
    Prepared prepared;
    if (self->tls_) prepared.tls = self->tls_->current(self->endpoint_.host, prepared.failure);
    if (!prepared.failure && self->credentials_) {
      moved->store(PreparationStep::provider);
      keep_provided(self->credentials_->get(prepared.failure), prepared);
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
  on_helper(on_answer, [credentials = credentials_](const Done& finish) {
    Prepared prepared;
    keep_provided(credentials->ask(prepared.failure), prepared);
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
  none.failure = protocol::preparation_timeout(*progress);
  return none;
}

Prepared Preparer::renew_credentials(TimePoint deadline, const std::function<bool()>& interrupted) {
  auto given = await([&](Done done) { return renew_credentials(Clock::now(), std::move(done)); }, deadline,
                     interrupted);
  if (given) return *std::move(given);
  Prepared none;
  none.failure = protocol::preparation_timeout(PreparationStep::provider);
  return none;
}

}  // namespace redstart::inline v0::net
