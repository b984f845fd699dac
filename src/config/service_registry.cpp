// SPDX-License-Identifier: Apache-2.0
// service_registry.cpp: the registries of fixed data, of a JSON file and of Kubernetes' variables.
#include <redstart/config/service_registry.hpp>

#include <redstart/core/error.hpp>

#include "environment.hpp"
#include "file.hpp"
#include "host.hpp"
#include "value.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <utility>

namespace redstart::inline v0 {

namespace {

std::optional<std::uint16_t> port_of(std::string_view text) {
  const auto port = detail::read_integer(text);
  if (!port || *port < 1 || *port > 65'535) return std::nullopt;
  return static_cast<std::uint16_t>(*port);
}

// `host`, `host:port`, `[address]:port`, or an IPv6 address alone.
std::optional<Endpoint> endpoint_of(std::string_view text) {
  Endpoint endpoint;
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return std::nullopt;
    if (!port.empty()) port.remove_prefix(1);
    if (text.ends_with(':')) return std::nullopt;
  } else if (const std::size_t colon = text.find(':');
             colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (port.empty()) return std::nullopt;
  }
  if (detail::fault_of_host(host)) return std::nullopt;
  endpoint.host = std::string(host);
  if (!port.empty()) {
    const auto number = port_of(port);
    if (!number) return std::nullopt;
    endpoint.port = *number;
  }
  return endpoint;
}

[[noreturn]] void refuse(std::string where, std::string what, std::string remedy) {
  throw ConfigError({{std::move(where), std::move(what), std::move(remedy)}});
}

class StaticRegistry : public ServiceRegistry {
 public:
  explicit StaticRegistry(ServiceMap services) : services_(std::move(services)) {}
  [[nodiscard]] std::vector<Endpoint> resolve(std::string_view name) const override {
    for (const auto& [each, endpoints] : services_) {
      if (each == name) return endpoints;
    }
    return {};
  }
  [[nodiscard]] std::string description() const override { return "static registry"; }

 private:
  ServiceMap services_;
};

class FileRegistry : public ServiceRegistry {
 public:
  explicit FileRegistry(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] std::vector<Endpoint> resolve(std::string_view name) const override {
    const detail::FileContent file = detail::read_file(path_, std::size_t{1} << 20);
    if (file.fault) refuse(path_, file.fault->what, file.fault->remedy);
    const nlohmann::json services = parsed(file.text);
    const auto found = services.find(std::string(name));
    if (found == services.end()) return {};
    std::vector<Endpoint> endpoints;
    if (found->is_array()) {
      for (const nlohmann::json& each : *found) endpoints.push_back(one(name, each));
    } else {
      endpoints.push_back(one(name, *found));
    }
    return endpoints;
  }
  [[nodiscard]] std::string description() const override { return "registry file " + path_; }

 private:
  // Levels are limited before the values are built.
  [[nodiscard]] nlohmann::json parsed(const std::string& text) const {
    constexpr int deepest = 8;
    bool deep = false;
    const auto limit = [&deep](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
      deep = deep || depth > deepest;
      return !deep;
    };
    nlohmann::json services = nlohmann::json::parse(text, limit, false);
    if (deep || !services.is_object())
      refuse(path_, "is not a JSON object of services", R"(write {"redis": "redis.internal:6379"})");
    return services;
  }
  [[nodiscard]] Endpoint one(std::string_view name, const nlohmann::json& value) const {
    std::optional<Endpoint> endpoint;
    if (value.is_string()) {
      endpoint = endpoint_of(value.get_ref<const std::string&>());
    } else if (value.is_object() && value.contains("host") && value["host"].is_string()) {
      const auto& host = value["host"].get_ref<const std::string&>();
      if (!detail::fault_of_host(host)) endpoint.emplace().host = host;
      if (endpoint && value.contains("port")) {
        const auto port = value["port"].is_number_integer() ? port_of(value["port"].dump()) : std::nullopt;
        if (port)
          endpoint->port = *port;
        else
          endpoint.reset();
      }
    }
    if (!endpoint)
      refuse(path_, "has no endpoint for the service " + std::string(name),
             R"(write "host:port", {"host": "…", "port": 6379}, or a list of these)");
    return *endpoint;
  }

  std::string path_;
};

class KubernetesRegistry : public ServiceRegistry {
 public:
  explicit KubernetesRegistry(Environment environment) : environment_(std::move(environment)) {}

  [[nodiscard]] std::vector<Endpoint> resolve(std::string_view name) const override {
    std::string prefix = detail::upper_case(name);
    for (char& c : prefix) {
      if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))) c = '_';
    }
    const std::string host_name = prefix + "_SERVICE_HOST";
    const std::string port_name = prefix + "_SERVICE_PORT";
    const std::string_view host = detail::value_of(environment_, host_name);
    std::string_view port = detail::value_of(environment_, port_name);
    if (host.empty() && port.empty()) return {};
    Endpoint endpoint;
    constexpr std::string_view scheme = "tcp://";
    if (port.starts_with(scheme)) {
      const auto address = endpoint_of(port.substr(scheme.size()));
      if (!address) refuse(port_name, "is no address", "write a port, or tcp://host:port");
      endpoint = *address;
    } else if (!port.empty()) {
      const auto number = port_of(port);
      if (!number) refuse(port_name, "is not a port", "use 1 to 65535, or tcp://host:port");
      endpoint.port = *number;
    }
    if (!host.empty()) endpoint.host = std::string(host);
    if (host.empty() && !port.starts_with(scheme)) return {};
    if (const auto wrong = detail::fault_of_host(endpoint.host))
      refuse(host_name, std::string(wrong->what), std::string(wrong->remedy));
    return {endpoint};
  }
  [[nodiscard]] std::string description() const override { return "Kubernetes"; }

 private:
  Environment environment_;
};

}  // namespace

std::shared_ptr<const ServiceRegistry> static_registry(ServiceMap services) {
  return std::make_shared<StaticRegistry>(std::move(services));
}

std::shared_ptr<const ServiceRegistry> file_registry(std::string path) {
  return std::make_shared<FileRegistry>(std::move(path));
}

std::shared_ptr<const ServiceRegistry> kubernetes_registry(Environment environment) {
  return std::make_shared<KubernetesRegistry>(std::move(environment));
}

}  // namespace redstart::inline v0
