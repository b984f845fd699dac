// SPDX-License-Identifier: Apache-2.0
// tls_source.cpp: compares file stamps and loads the TLS context if they differ.
#include "tls_source.hpp"

#include "tls_name.hpp"

#include <sys/stat.h>
#include <string_view>
#include <utility>

namespace redstart::inline v0::net {

TlsSource::TlsSource(const TlsConfig& config, Report report) : config_(config), report_(std::move(report)) {}

TlsSource::Stamps TlsSource::look() const {
  const auto stamp = [](const std::string& path) -> Stamp {
    struct stat file {};
    if (path.empty() || ::stat(path.c_str(), &file) != 0) return {};
    return {file.st_dev, file.st_ino, file.st_size, file.st_mtim.tv_sec, file.st_mtim.tv_nsec};
  };
  return {stamp(config_.ca_file), stamp(config_.ca_directory), stamp(config_.certificate_file),
          stamp(config_.key_file)};
}

std::shared_ptr<const TlsContext> TlsSource::current(std::string_view host, std::optional<Cause>& failure) {
  announce();
  if (const TlsName name = TlsName::of(config_, host);
      config_.verify == TlsVerify::full && !name.verifiable()) {
    failure = failure::tls_files_unusable("the name of the server can't be verified: \"" + name.text + "\"");
    return nullptr;
  }
  std::optional<EventKind> event;
  std::string text;
  std::shared_ptr<const TlsContext> context;
  {
    const std::scoped_lock lock(mutex_);
    // Take the stamps before reading: the next connection then notices a change made during the reading.
    const Stamps now = look();
    if (!context_ || now != seen_) {
      std::string fault;
      auto fresh = TlsContext::load(config_, fault);
      if (fresh) {
        if (context_) event = EventKind::tls_reloaded;
        context_ = std::move(fresh);
      } else if (context_) {
        event = EventKind::tls_reload_failed;
        text = fault + "; the previous files stay in use";
      }
      seen_ = now;
      fault_ = std::move(fault);
    }
    context = context_;
    if (!context) failure = failure::tls_files_unusable(fault_);
  }
  if (event) report_(*event, text);
  return context;
}

void TlsSource::announce() {
  if (config_.verify == TlsVerify::full) return;
  {
    const std::scoped_lock lock(mutex_);
    if (std::exchange(announced_, true)) return;
  }
  report_(EventKind::tls_insecure,
          "certificates are not verified (tls.verify = insecure): anyone on the network path can impersonate "
          "the server");
}

}  // namespace redstart::inline v0::net
