// SPDX-License-Identifier: Apache-2.0
// tls_test.hpp: fixture with an authority, TLS servers and callers.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "free_port.hpp"
#include "managers.hpp"
#include "redis_test.hpp"
#include "tls_certificates.hpp"

namespace redstart::test {

class TlsTest : public ::testing::Test {
 protected:
  // Starts a Redis server that also accepts TLS with this certificate.
  void serve(const CertificateFiles& files,
             const std::vector<std::string>& more = {"--tls-auth-clients", "no"}) {
    std::vector<std::string> arguments{"--tls-port",         port_.text(),        "--tls-cert-file",
                                       files.certificate,    "--tls-key-file",    files.key,
                                       "--tls-ca-cert-file", authority_.ca_file()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    server_.reset();  // the old server may still listen on the port
    server_ = std::make_unique<RedisServer>(std::move(arguments));
  }
  [[nodiscard]] RedisConfig config(const std::string& host = "localhost") const {
    return config_for(tls_port_, host);
  }
  [[nodiscard]] RedisConfig config_for(std::uint16_t port, const std::string& host = "localhost") const {
    RedisConfig config = config_at(port);
    config.start_timeout = std::chrono::milliseconds(0);
    config.defaults.endpoint.host = host;
    config.defaults.tls.enabled = true;
    config.defaults.tls.ca_file = authority_.ca_file();
    config.defaults.timeouts.command = std::chrono::seconds(30);
    return config;
  }
  // Returns the errors of a synchronous and an asynchronous caller, each with its own manager.
  [[nodiscard]] static std::vector<Error> refusals(const RedisConfig& config) {
    std::vector<Error> errors;
    {
      StartedManager redis(config);
      errors.push_back(error_of([&] { return redis->client("main").ping(); }));
    }
    StartedManager redis([&] {
      RedisConfig lazy = config;
      lazy.database("main").required = false;
      return lazy;
    }());
    errors.push_back(
        error_of([&] { return redis->async_client("main").ping()(boost::asio::use_future).get(); }));
    return errors;
  }

  TestAuthority authority_{};
  FreePort port_{};
  const std::uint16_t tls_port_ = port_.number();
  std::unique_ptr<RedisServer> server_{};
};

}  // namespace redstart::test
