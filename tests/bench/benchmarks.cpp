// SPDX-License-Identifier: Apache-2.0
// benchmarks.cpp: the workloads W1 to W9 with their targets.
#include "benchmarks.hpp"

#include "codec_cases.hpp"
#include "compile_time.hpp"
#include "loops.hpp"
#include "process.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace redstart::bench {

namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;
constexpr bool sanitized = REDSTART_BENCH_SANITIZED;

Metric rate() {
  return {"k/s", [](const Sample& s) { return s.ops_per_second * 1e-3; }, true};
}
Metric calls() {
  return {"/s", [](const Sample& s) { return s.ops_per_second; }, true};
}
Metric throughput() {
  return {"MB/s", [](const Sample& s) { return s.megabytes_per_second; }, true};
}
Metric cpu_us() {
  return {"µs", [](const Sample& s) { return s.cpu_us(); }};
}
Metric cpu_ms() {
  return {"ms", [](const Sample& s) { return s.cpu_us() * 1e-3; }};
}
Metric peak() {
  return {"MB", [](const Sample& s) { return s.peak_megabytes; }};
}
Metric value_in(std::string unit) {
  return {std::move(unit), [](const Sample& s) { return s.value; }};
}
Target ratio(double limit) { return {Target::Kind::ratio, limit}; }
Target at_most(double limit) { return {Target::Kind::value, limit}; }

Sample of_value(double value) {
  Sample sample;
  sample.value = value;
  return sample;
}

class List {
 public:
  explicit List(const Environment& environment) : environment_(environment) {}

  // A workload against the server, `longer` times the usual duration.
  Benchmark& workload(std::string id, const Workload& workload, std::vector<RowSpec> rows,
                      double longer = 1) {
    const Timing timing{0.2 * environment_.duration, longer * environment_.duration, nullptr};
    const Server server = environment_.server;
    return add(std::move(id), std::move(rows), [=](ClientKind client) {
      return client == ClientKind::hiredis ? run_hiredis(workload, server, timing)
                                           : run_redstart(workload, server, timing);
    });
  }
  Benchmark& add(std::string id, std::vector<RowSpec> rows, std::function<Sample(ClientKind)> run) {
    all_.push_back({std::move(id), std::move(run), std::move(rows)});
    return all_.back();
  }
  [[nodiscard]] const Environment& environment() const { return environment_; }
  [[nodiscard]] std::vector<Benchmark> take() { return std::move(all_); }

 private:
  const Environment& environment_;
  std::vector<Benchmark> all_;
};

void add_single_calls(List& list) {
  Workload get;
  list.workload("W1.samecore", get,
                {{"W1.samecore", "GET, client and server on one core", rate(), ratio(1.02)},
                 {"W1.samecore.cpu", "… processor time of the client, each", cpu_us(), {}}})
      .same_core = true;
  list.workload("W1.tcp", get, {{"W1.tcp", "GET, two cores", rate(), {}}});
  get.unix_socket = true;
  list.workload("W1.unix", get, {{"W1.unix", "GET through a Unix socket", rate(), {}}});
}

void add_threads(List& list) {
  const auto add = [&list](unsigned threads, std::optional<Target> target) {
    Workload get;
    get.kind = Workload::Kind::threads;
    get.threads = threads;
    const std::string id = "W2.t" + std::to_string(threads);
    list.workload(
        id, get,
        {{id, "GET from " + std::to_string(threads) + " threads, one client object", rate(), target}});
  };
  add(2, {});
  add(8, ratio(1.0));
  add(12, ratio(1.0));
  add(16, ratio(1.1));
  add(24, ratio(1.3));
  add(64, ratio(1.6));
}

void add_chains(List& list) {
  const auto add = [&list](std::size_t chains, std::optional<Target> target, bool same_core = false) {
    Workload get;
    get.kind = Workload::Kind::chains;
    get.depth = chains;
    const std::string id = "W3.n" + std::to_string(chains);
    const std::string who =
        chains == 1 ? "1 coroutine" : std::to_string(chains) + " coroutines, one connection";
    std::vector<RowSpec> rows{{id, "async GET from " + who, rate(), target}};
    if (chains == 1024)
      rows.push_back({id + ".cpu", "… processor time of the client, each", cpu_us(), at_most(0.25)});
    list.workload(id, get, std::move(rows)).same_core = same_core;
  };
  add(1, ratio(1.05), true);
  add(64, ratio(1.15));
  add(256, ratio(1.4));
  add(1024, ratio(1.6));
}

void add_pipelines(List& list) {
  for (const bool write : {false, true}) {
    const std::string name = write ? "SET" : "GET";
    for (const std::size_t depth : {10U, 100U, 1000U, 10000U}) {
      Workload pipeline;
      pipeline.kind = Workload::Kind::pipeline;
      pipeline.depth = depth;
      pipeline.write = write;
      const std::string id = "W4." + name + "." + std::to_string(depth);
      const std::string what = "pipeline of " + std::to_string(depth) + " " + name;
      std::optional<Target> target;
      if (depth == 1000) target = ratio(1.65);
      if (depth == 100 && !write) target = ratio(1.28);
      std::vector<RowSpec> rows{{id, what, rate(), target}};
      if (depth == 1000) {
        const auto limit = write ? std::optional<Target>{} : at_most(0.09);
        rows.push_back({id + ".cpu", "… processor time of the client, each", cpu_us(), limit});
      }
      list.workload(id, pipeline, std::move(rows));
    }
  }
}

void add_large(List& list) {
  for (const std::size_t size : large_sizes()) {
    for (const bool write : {true, false}) {
      Workload large;
      large.kind = Workload::Kind::large;
      large.size = size;
      large.write = write;
      const std::string megabytes = std::to_string(size / mebibyte);
      const std::string name = write ? "SET" : "GET";
      const std::string id = "W5." + name + "." + megabytes + "MiB";
      const bool huge = size > 16 * mebibyte;
      std::vector<RowSpec> rows{
          {id, name + " of " + megabytes + " MiB", throughput(), ratio(huge && write ? 3.2 : 1.4)}};
      if (huge) rows.push_back({id + ".peak", "… peak memory of the process", peak(), at_most(80)});
      list.workload(id, large, std::move(rows), huge ? 2.5 : 1);
    }
  }
}

void add_ranges(List& list) {
  Workload range;
  range.kind = Workload::Kind::range;
  list.workload("W6", range,
                {{"W6", "LRANGE of 100,000 into vector<string>", calls(), ratio(1.35)},
                 {"W6.cpu", "… processor time of the client, each", cpu_ms(), at_most(7.5)},
                 {"W6.peak", "… peak memory of the process", peak(), at_most(16)}});
  range.flat = true;
  list.workload(
      "W6.flat", range,
      {{"W6.flat", "LRANGE of 100,000 into a StringList (hiredis: vector<string>)", calls(), ratio(1.8)},
       {"W6.flat.cpu", "… processor time of the client, each", cpu_ms(), at_most(5)}});
}

void add_allocations(List& list) {
  const auto add = [&list](std::string id, std::string what, const char* option, std::size_t number,
                           double limit) {
    const Environment& environment = list.environment();
    std::vector<std::string> words{environment.program_folder + "/redstart_allocations",
                                   "--port",
                                   std::to_string(environment.server.port),
                                   option,
                                   std::to_string(number),
                                   "--duration",
                                   std::to_string(std::min(environment.duration, 0.3)),
                                   "--client"};
    std::vector<RowSpec> rows{{id, std::move(what), value_in(""), at_most(limit)}};
    list.add(std::move(id), std::move(rows), [words](ClientKind client) {
      auto complete = words;
      complete.emplace_back(client == ClientKind::hiredis ? "hiredis" : "redstart");
      const ProgramRun run = run_program(complete);
      expect(run.exit_code == 0, "redstart_allocations");
      return of_value(std::stod(run.output));
    });
  };
  add("W7.W1", "allocations per GET", "--pipeline", 0, 1);
  add("W7.W3", "allocations per async GET, 64 coroutines", "--chains", 64, 1);
  add("W7.W4", "allocations per command, pipeline of 1000 GET", "--pipeline", 1000, 0.02);
}

void add_idle(List& list) {
  const auto add = [&list](std::string id, std::string what, std::size_t size, auto idle_kilobytes) {
    constexpr std::size_t connections = 1000;
    const Server server = list.environment().server;
    std::vector<RowSpec> rows{{id, std::move(what), value_in("KB"), at_most(4)}};
    list.add(std::move(id), std::move(rows), [server, size, idle_kilobytes](ClientKind client) {
      return of_value(client == ClientKind::hiredis ? idle_kilobytes_hiredis(server, connections, size)
                                                    : idle_kilobytes(server, connections, size));
    });
  };
  add("W8.idle", "memory per idle connection, 1000 of them", 0, &idle_kilobytes_redstart);
  add("W8.after_large", "… after a reply of 1 MiB on each", mebibyte, &idle_kilobytes_redstart);
  add("W8.async", "memory per idle asynchronous connection, 1000 of them", 0, &idle_kilobytes_redstart_async);
  add("W8.async.after_large", "… after a reply of 1 MiB on each", mebibyte, &idle_kilobytes_redstart_async);
}

void add_compile_time(List& list) {
  const auto add = [&list](const std::string& id, const std::string& what, double limit, Smallest ours) {
    list.add(id,
             {{id + ".time", what, {"s", [](const Sample& s) { return s.value; }}, at_most(limit)},
              {id + ".memory", "… peak memory of the compiler", peak(), at_most(400)}},
             [ours](ClientKind client) {
               const ProgramRun run =
                   compile_smallest(client == ClientKind::hiredis ? Smallest::hiredis : ours);
               Sample sample = of_value(run.seconds);
               sample.peak_megabytes = run.peak_megabytes;
               return sample;
             });
  };
  add("W9", "compile and link the smallest GET program", 1.2, Smallest::redstart);
  add("W9.async", "… the smallest asynchronous one", 4, Smallest::redstart_async);
}

template <class View>
void add_decoder(List& list, std::string id, std::string what, const std::string& reply, double limit) {
  const double duration = std::min(list.environment().duration, 0.3);
  std::vector<RowSpec> rows{{id, std::move(what), value_in("ns"), at_most(limit)}};
  list.add(std::move(id), std::move(rows), [reply, duration](ClientKind client) {
    const CodecCase replies = repeat(reply);
    const Timing timing{duration / 3, duration, nullptr};
    const PerCall per_call{replies.replies, 0};
    const HiredisReader reader(::redisReaderCreate());
    View view{};
    const Sample sample =
        client == ClientKind::hiredis
            ? timed_loop(timing, per_call,
                         [&](std::uint64_t) { static_cast<void>(read_hiredis(reader.get(), replies.bytes)); })
            : timed_loop(timing, per_call,
                         [&](std::uint64_t) { static_cast<void>(read_views(replies.bytes, view)); });
    return of_value(sample.p50_us * 1e3 / static_cast<double>(replies.replies));
  });
}

}  // namespace

std::vector<std::size_t> large_sizes() { return {mebibyte, 64 * mebibyte}; }

std::vector<Benchmark> all_benchmarks(const Environment& environment) {
  List list(environment);
  add_single_calls(list);
  add_threads(list);
  add_chains(list);
  add_pipelines(list);
  add_large(list);
  add_ranges(list);
  // A sanitizer replaces malloc, and plain programs can't link a library built with one.
  if (!sanitized) add_allocations(list);
  add_idle(list);
  if (!sanitized) add_compile_time(list);
  add_decoder<BulkView>(list, "decoder.bulk", "decode a bulk of 32 bytes (to a view; hiredis: to an object)",
                        bulk_reply(), 10);
  add_decoder<ArrayView>(list, "decoder.array", "decode an array of 10 of them", array_reply(), 100);
  add_decoder<NestedView>(list, "decoder.nested", "decode 4 arrays of 10 of them", nested_reply(), 400);
  return list.take();
}

}  // namespace redstart::bench
