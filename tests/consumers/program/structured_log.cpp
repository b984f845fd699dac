// SPDX-License-Identifier: Apache-2.0
// structured_log.cpp: smallest use of the component spdlog.
#include <redstart/spdlog.hpp>
#include <redstart/sync.hpp>

#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>

#include <memory>

int main() {
  redstart::RedisConfig config;
  config.listener = std::make_shared<redstart::SpdlogListener>(spdlog::null_logger_mt("redis"));
  return config.listener ? 0 : 1;
}
