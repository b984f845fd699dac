// SPDX-License-Identifier: Apache-2.0
// service_registry.hpp: resolves names of services to endpoints.
#pragma once

#include <redstart/config/environment.hpp>
#include <redstart/core/endpoint.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::inline v0 {

/// Resolves the name of a service to endpoints. `RedisConfigLoader` asks it once for each name, and takes the
/// first endpoint as host and port. Its layer is above the file and below the environment.
class ServiceRegistry {
 public:
  virtual ~ServiceRegistry() = default;
  /// The endpoints of service `name`; none if the registry does not know it.
  ///
  /// Errors: an exception becomes a fault of the configuration.
  [[nodiscard]] virtual std::vector<Endpoint> resolve(std::string_view name) const = 0;
  /// Names the registry in faults and in `explain()`.
  [[nodiscard]] virtual std::string description() const = 0;

 protected:
  ServiceRegistry() = default;
  ServiceRegistry(const ServiceRegistry&) = default;
  ServiceRegistry& operator=(const ServiceRegistry&) = default;
};

/// Services with their endpoints, as fixed data.
using ServiceMap = std::vector<std::pair<std::string, std::vector<Endpoint>>>;

/// A registry of fixed data.
[[nodiscard]] std::shared_ptr<const ServiceRegistry> static_registry(ServiceMap services);

/// A registry in a JSON file: an object of names. Each value is `"host:port"`, `{"host": …, "port": …}`, or a
/// list of these. The port is 6379 if it is left out.
///
/// Errors: `resolve` throws `ConfigError` if the file can't be read, is longer than 1 MiB or has another
/// form.
[[nodiscard]] std::shared_ptr<const ServiceRegistry> file_registry(std::string path);

/// A registry in environment variables, as Kubernetes sets them for each service: `<NAME>_SERVICE_HOST` and
/// `<NAME>_SERVICE_PORT`. The name is in upper case, with `_` for other characters. The port may also be
/// `tcp://host:port`.
///
/// Errors: `resolve` throws `ConfigError` if the port is invalid.
[[nodiscard]] std::shared_ptr<const ServiceRegistry> kubernetes_registry(Environment environment);

}  // namespace redstart::inline v0
