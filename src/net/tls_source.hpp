// SPDX-License-Identifier: Apache-2.0
// tls_source.hpp: the TLS context of a database, made anew when its files have changed.
#pragma once

#include "outcome.hpp"
#include "tls_context.hpp"

#include <redstart/config/redis_config.hpp>
#include <redstart/observe/event.hpp>

#include <sys/types.h>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace redstart::inline v0::net {

/// Gives each new connection the context as the files are now. While new files can't be used (a key that does
/// not belong to the certificate, half a file), the last good context goes on, and an event tells, once for
/// each state of the files.
///
/// Thread safety: full. It belongs to no database object: a helper thread may use it last.
class TlsSource {
 public:
  /// Told with no lock held.
  using Report = std::function<void(EventKind, std::string_view)>;

  TlsSource(const DatabaseConfig& config, Report report);

  /// The context for a new connection; null when there never was one, and then `failure` says why. Looks at
  /// the files, and so may block as long as the file system does.
  [[nodiscard]] std::shared_ptr<const TlsContext> current(std::optional<OpenFailure>& failure);
  /// Tells once that nothing is verified, where it is so.
  void announce();

 private:
  // One file as it was. Links are followed: Kubernetes swaps a link to swap secrets.
  struct Stamp {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  using Stamps = std::array<Stamp, 4>;

  [[nodiscard]] Stamps look() const;

  const TlsConfig config_;
  const std::string host_;
  const Report report_;
  std::mutex mutex_{};
  std::shared_ptr<const TlsContext> context_{};
  Stamps seen_{};
  std::string fault_{};  // of the files as seen, empty when they are good
  bool announced_ = false;
};

}  // namespace redstart::inline v0::net
