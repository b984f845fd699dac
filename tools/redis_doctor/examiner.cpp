// SPDX-License-Identifier: Apache-2.0
// examiner.cpp: opens connections, sends PINGs and collects the reports.
#include "examiner.hpp"

#include "examination.hpp"

#include <redstart/config/loader.hpp>
#include <redstart/core/peer_text.hpp>
#include <redstart/core/runbook.hpp>
#include <redstart/manager/redis_connection_manager.hpp>

#include <algorithm>
#include <charconv>
#include <future>
#include <utility>

namespace redstart::doctor {

namespace {

using Nanoseconds = std::chrono::nanoseconds;
using std::chrono::steady_clock;

// The configuration of the service, and the faults that prevent it.
struct Loaded {
  RedisConfig config{};
  ConfigExplanation explanation{};
};

RedisConfigLoader loader_for(const Options& options, std::vector<ConfigFault>& url_faults) {
  RedisConfigLoader loader;
  if (!options.config_file.empty()) loader.file(options.config_file);
  if (options.url.empty()) return loader;
  loader.no_file().environment({}).code(
      [&](RedisConfig& config) { url_faults = apply_url(options.url, "--url", config.database("main")); });
  return loader;
}

Loaded load(const Options& options) {
  Loaded loaded;
  std::vector<ConfigFault> url_faults;
  const RedisConfigLoader loader = loader_for(options, url_faults);
  loaded.explanation = loader.explain();
  loaded.explanation.faults.insert(loaded.explanation.faults.end(), url_faults.begin(), url_faults.end());
  if (loaded.explanation.faults.empty()) loaded.config = loader.load();
  return loaded;
}

std::string host_source(const ConfigExplanation& explanation, const std::string& database) {
  for (const ExplainedValue& value : explanation.values)
    if (value.database == database && value.key == "host") {
      if (value.layer == "code") return "--url";  // the program itself sets nothing else
      return value.source.empty() ? value.layer : value.source;
    }
  return {};
}

// The databases to examine, with settings that keep the examination from disturbing anybody.
std::vector<NamedDatabase> chosen(const RedisConfig& config, const std::vector<std::string>& names) {
  std::vector<NamedDatabase> result;
  if (names.empty()) return config.databases;
  for (const std::string& name : names) {
    const auto at = std::find_if(config.databases.begin(), config.databases.end(),
                                 [&](const NamedDatabase& each) { return each.name == name; });
    if (at == config.databases.end()) {
      std::string known;
      for (const NamedDatabase& each : config.databases) known += (known.empty() ? "" : ", ") + each.name;
      throw UnknownDatabase("no database \"" + peer_text(name) +
                            "\" is configured; there are: " + peer_text(known));
    }
    if (std::none_of(result.begin(), result.end(),
                     [&](const NamedDatabase& each) { return each.name == name; }))
      result.push_back(*at);
  }
  return result;
}

RedisConfig quiet(RedisConfig config) {
  config.service = "redis_doctor";  // CLIENT LIST shows it
  config.listener = nullptr;
  config.cleanup_interval = std::chrono::milliseconds(0);
  for (NamedDatabase& database : config.databases) {
    database.config.required = false;
    database.config.min_idle = 0;
  }
  return config;
}

// Measures round trips over one connection, until the first PING without a reply.
Samples sample(RedisConnectionManager& redis, const std::string& database, const Options& options) {
  Samples samples;
  if (options.samples == 0) return samples;
  try {
    const auto client =
        redis.client(database, options.timeout).with_timeout(options.timeout).with_retry(RetryMode::off);
    static_cast<void>(client.ping());  // opens the connection
    while (samples.asked != options.samples) {
      ++samples.asked;
      const auto began = steady_clock::now();
      static_cast<void>(client.ping());
      samples.times.push_back(steady_clock::now() - began);
    }
  } catch (const Error& error) {
    samples.asked = std::max<std::size_t>(samples.asked, 1);
    samples.error = error;
  }
  return samples;
}

// INFO has `maxclients` since Redis 7.0. Before, only CONFIG GET has it, if the user may run that.
std::uint64_t maximum_clients(RedisConnectionManager& redis, const std::string& database,
                              const Options& options) {
  try {
    const auto values =
        redis.client(database, options.timeout).with_timeout(options.timeout).config_get("maxclients");
    std::uint64_t value = 0;
    if (values.size() == 1)
      std::from_chars(values[0].second.data(), values[0].second.data() + values[0].second.size(), value);
    return value;
  } catch (const Error&) {
    return 0;  // denied or renamed: the step shows the number of clients alone
  }
}

Step configuration_step(const Loaded& loaded) {
  const auto& faults = loaded.explanation.faults;
  if (!faults.empty()) {
    Step step = make_step(StepId::configuration, StepState::failed,
                          std::to_string(faults.size()) + (faults.size() == 1 ? " fault" : " faults"));
    step.remedy =
        faults[0].where + ": " + faults[0].what + (faults[0].remedy.empty() ? "" : "; " + faults[0].remedy);
    step.runbook = runbook_entry(Errc::configuration);
    return step;
  }
  std::string names;
  for (const NamedDatabase& database : loaded.config.databases)
    names += (names.empty() ? "" : ", ") + peer_text(database.name);
  Step step = make_step(StepId::configuration, StepState::ok, "valid, for " + names);
  const auto& notices = loaded.config.notices;
  if (!notices.empty())
    warn(step,
         notices[0].where + ": " + notices[0].what +
             (notices[0].remedy.empty() ? "" : "; " + notices[0].remedy),
         to_string(Errc::configuration));
  return step;
}

std::vector<Examination> measure(const Loaded& loaded, const Options& options) {
  RedisConnectionManager redis;
  redis.start(quiet(loaded.config));
  std::vector<Examination> results;
  std::vector<std::future<ConnectionReport>> reports;
  for (NamedDatabase& database : chosen(loaded.config, options.databases)) {
    reports.push_back(std::async(std::launch::async, [&redis, &options, name = database.name] {
      return redis.validate_connection(name, options.timeout);
    }));
    results.push_back({std::move(database), {}, {}, {}});
  }
  for (std::size_t i = 0; i != results.size(); ++i) results[i].report = reports[i].get();
  for (Examination& each : results) {
    each.host_source = host_source(loaded.explanation, each.database.name);
    if (!each.report.ready) continue;
    each.samples = sample(redis, each.database.name, options);
    ServerFacts& server = each.report.server;
    if (!server.version.empty() && server.maximum_clients == 0)
      server.maximum_clients = maximum_clients(redis, each.database.name, options);
  }
  return results;
}

}  // namespace

Report examine(const Options& options) {
  const Loaded loaded = load(options);
  Report report;
  report.configuration = configuration_step(loaded);
  report.faults = loaded.explanation.faults;
  report.notices = loaded.explanation.notices;
  if (!report.faults.empty()) return report;
  for (const Examination& each : measure(loaded, options)) report.databases.push_back(judge(each));
  return report;
}

}  // namespace redstart::doctor
