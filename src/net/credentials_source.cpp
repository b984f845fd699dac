// SPDX-License-Identifier: Apache-2.0
// credentials_source.cpp: calls of the credentials provider and their results.
#include "credentials_source.hpp"

#include "../core/failures.hpp"

#include <cxxabi.h>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <string>
#include <thread>
#include <typeinfo>
#include <utility>

namespace redstart::inline v0::net {

namespace {

using Step = protocol::RenewalSchedule::Step;

// New connections don't use credentials in the last part of their lifetime, because they would have to
// authenticate again at once.
constexpr double usable_share = 0.9;

std::string type_of(const std::exception& error) {
  int failed = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(typeid(error).name(), nullptr, nullptr, &failed), &std::free);
  return failed == 0 ? std::string(name.get()) : std::string("an exception");
}

}  // namespace

CredentialsSource::CredentialsSource(std::shared_ptr<CredentialsProvider> provider, Report report)
    : provider_(std::move(provider)), report_(std::move(report)), random_(random_seed()) {}

CredentialsSource::Provided CredentialsSource::get(std::optional<Cause>& failure) {
  {
    const std::scoped_lock lock(mutex_);
    if (newest_ && newest_->term.ends() && Clock::now() < newest_->term.at(usable_share)) return *newest_;
  }
  return ask(failure);
}

CredentialsSource::Provided CredentialsSource::ask(std::optional<Cause>& failure) {
  Provided provided;
  std::uint64_t number = 0;
  {
    const std::scoped_lock lock(mutex_);
    number = ++asked_;
  }
  const TimePoint asked = Clock::now();
  try {
    provided.credentials = provider_->credentials();
  } catch (const std::exception& error) {
    failure = failure::provider_threw(type_of(error));
    return provided;
  } catch (...) {
    failure = failure::provider_threw("an exception that is no std::exception");
    return provided;
  }
  provided.term = protocol::term_of(provided.credentials, number, asked);
  // Connections with credentials that expire need newer ones, even if those don't expire.
  auto newest = provided.term.ends() ? std::make_shared<const Provided>(provided) : nullptr;
  const std::scoped_lock lock(mutex_);
  if (number < given_) return provided;  // a later call has returned before this one
  if (newest_ && !newest) newest = std::make_shared<const Provided>(provided);
  given_ = number;
  newest_.swap(newest);
  schedule_.given(provided.term, random_.unit());
  return provided;
}

std::shared_ptr<const CredentialsSource::Provided> CredentialsSource::newer_than(std::uint64_t number,
                                                                                 TimePoint now) noexcept {
  renew_if_due(now);
  const std::scoped_lock lock(mutex_);
  if (!newest_ || newest_->term.number <= number || now >= newest_->term.end()) return nullptr;
  return newest_;
}

void CredentialsSource::renew_if_due(TimePoint now) noexcept {
  Step step = Step::none;
  {
    const std::scoped_lock lock(mutex_);
    step = schedule_.next(now);
  }
  if (step == Step::none) return;
  if (step == Step::ask_again)
    report(EventKind::credentials_refresh_failed,
           "the credentials provider has not answered yet; asking again");
  start_renewal();
}

void CredentialsSource::start_renewal() noexcept {
  try {
    std::thread([self = shared_from_this()] { self->renew(); }).detach();
  } catch (const std::exception&) {
    renewal_failed("no thread to ask the credentials provider");
  }
}

// On a helper thread.
void CredentialsSource::renew() noexcept {
  try {
    std::optional<Cause> failure;
    const Provided provided = ask(failure);
    if (failure) return renewal_failed(failure->what);
    std::string detail;
    if (provided.term.ends()) detail = "valid for " + std::to_string(provided.term.lifetime.count()) + " ms";
    report(EventKind::credentials_refreshed, detail);
  } catch (const std::exception&) {
    renewal_failed("no memory for newer credentials");
  }
}

void CredentialsSource::renewal_failed(std::string_view why) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    schedule_.failed(Clock::now(), random_.unit());
  }
  report(EventKind::credentials_refresh_failed, why);
}

void CredentialsSource::refused(std::uint64_t number, TimePoint now) noexcept {
  std::shared_ptr<const Provided> refused;  // destroyed without the lock
  const std::scoped_lock lock(mutex_);
  if (!newest_ || newest_->term.number != number) return;
  refused.swap(newest_);
  schedule_.refused(now, random_.unit());
}

void CredentialsSource::report(EventKind kind, std::string_view detail) const noexcept {
  if (report_) report_(kind, detail);
}

}  // namespace redstart::inline v0::net
