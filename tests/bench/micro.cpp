// SPDX-License-Identifier: Apache-2.0
// micro.cpp: benchmarks without a server: decoding, encoding, counting (Google Benchmark).
#include "codec_cases.hpp"
#include "dataset.hpp"
#include "observe/counters.hpp"

#include <redstart/commands/operation_id.hpp>
#include <redstart/commands/strings.hpp>
#include <redstart/resp/string_list.hpp>
#include <redstart/resp/value.hpp>
#include <redstart/resp/writer.hpp>

#include <benchmark/benchmark.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

namespace resp = redstart::resp;
using namespace redstart::bench;

void finish(benchmark::State& state, const CodecCase& replies) {
  const auto total = static_cast<double>(state.iterations()) * static_cast<double>(replies.replies);
  state.counters["per_reply"] =
      benchmark::Counter(total, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(replies.bytes.size()));
}

template <class Out>
void decode(benchmark::State& state, const std::string& reply) {
  const CodecCase replies = repeat(reply);
  for (auto _ : state) {
    Out out{};
    benchmark::DoNotOptimize(read_views(replies.bytes, out));
    benchmark::DoNotOptimize(out);
  }
  finish(state, replies);
}

void decode_hiredis(benchmark::State& state, const std::string& reply) {
  const CodecCase replies = repeat(reply);
  const HiredisReader reader(::redisReaderCreate());
  for (auto _ : state) benchmark::DoNotOptimize(read_hiredis(reader.get(), replies.bytes));
  finish(state, replies);
}

void encode(benchmark::State& state) {
  const std::string& name = key(0);
  resp::Buffer buffer;
  for (auto _ : state) {
    buffer.clear();
    resp::Writer writer(buffer);
    writer.array(3);
    writer.raw("$3\r\nSET\r\n");
    writer.bulk(std::string_view(name));
    writer.bulk(std::string_view(short_value));
    benchmark::DoNotOptimize(buffer.data());
    benchmark::ClobberMemory();
  }
}

void encode_hiredis(benchmark::State& state) {
  const std::string& name = key(0);
  for (auto _ : state) {
    char* bytes = nullptr;
    benchmark::DoNotOptimize(::redisFormatCommand(&bytes, "SET %b %b", name.data(), name.size(),
                                                  short_value.data(), short_value.size()));
    ::redisFreeCommand(bytes);
  }
}

// All that statistics and events cost an answered command: its counters, both histograms, and whether it was
// slow.
void report_command(benchmark::State& state) {
  redstart::OperationCounters counters;
  std::atomic<std::chrono::nanoseconds> slow_limit{std::chrono::nanoseconds::max()};
  constexpr redstart::OperationId get = redstart::operation_id("GET");
  std::int64_t i = 0;
  for (auto _ : state) {
    const std::chrono::nanoseconds duration(8000 + (++i & 4095));
    counters.answered(0, 1, 0, duration);
    counters.succeeded(0, get, 1, duration);
    benchmark::DoNotOptimize(duration > slow_limit.load(std::memory_order_relaxed));
  }
}

}  // namespace

int main(int argc, char** argv) {
  using benchmark::RegisterBenchmark;
  RegisterBenchmark("bulk32/view", decode<BulkView>, bulk_reply());
  RegisterBenchmark("bulk32/string", decode<std::string>, bulk_reply());
  RegisterBenchmark("bulk32/hiredis", decode_hiredis, bulk_reply());
  RegisterBenchmark("array10/views", decode<ArrayView>, array_reply());
  RegisterBenchmark("array10/vector_of_strings", decode<std::vector<std::string>>, array_reply());
  RegisterBenchmark("array10/string_list", decode<redstart::StringList>, array_reply());
  RegisterBenchmark("array10/value", decode<redstart::Value>, array_reply());
  RegisterBenchmark("array10/hiredis", decode_hiredis, array_reply());
  RegisterBenchmark("nested4x10/views", decode<NestedView>, nested_reply());
  RegisterBenchmark("nested4x10/value", decode<redstart::Value>, nested_reply());
  RegisterBenchmark("nested4x10/hiredis", decode_hiredis, nested_reply());
  RegisterBenchmark("encode_set", encode);
  RegisterBenchmark("encode_set/hiredis", encode_hiredis);
  RegisterBenchmark("report_command", report_command);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
