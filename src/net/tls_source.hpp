// SPDX-License-Identifier: Apache-2.0
// tls_source.hpp: loads the TLS context again when its files have changed.
#pragma once

#include "../protocol/outcome.hpp"
#include "tls_context.hpp"

#include <redstart/config/tls_config.hpp>
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

/// Provides the TLS context of the current files for each new connection, to any server of a database.
///
/// New files can be unusable: a key that does not match the certificate, or a file that is written in part.
/// Then the last good context stays in use, and each new state of the files is reported by one event.
///
/// Lifetimes: independent of the database object; a helper thread may release the last reference.
/// Thread safety: full.
class TlsSource {
 public:
  /// Reports an event. Called without a lock.
  using Report = std::function<void(EventKind, std::string_view)>;

  TlsSource(const TlsConfig& config, Report report);

  /// Returns the context for a new connection to `host`. If no context was ever loaded, or no certificate can
  /// prove the name of `host`, returns null and sets `failure`. Reads the state of the files, so it blocks as
  /// long as the file system does.
  [[nodiscard]] std::shared_ptr<const TlsContext> current(std::string_view host,
                                                          std::optional<Cause>& failure);
  /// Reports `tls_insecure` once if certificates are not verified.
  void announce();

 private:
  // Identifies the state of one file. Links are followed, because Kubernetes replaces secrets by swapping a
  // link.
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
  const Report report_;
  std::mutex mutex_{};
  std::shared_ptr<const TlsContext> context_{};
  Stamps seen_{};
  std::string fault_{};  // of the files in `seen_`; empty if they are good
  bool announced_ = false;
};

}  // namespace redstart::inline v0::net
