// SPDX-License-Identifier: Apache-2.0
// codec_instructions.cpp: encodes, decodes and counts a fixed number of times.
// check_instructions.py counts the instructions under callgrind.
#include "observe/counters.hpp"
#include "resp/scanner.hpp"

#include <redstart/commands/operation_id.hpp>
#include <redstart/resp/decode.hpp>
#include <redstart/resp/element_decoder.hpp>
#include <redstart/resp/writer.hpp>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace redstart;

// Keeps the compiler from removing work whose result is not used.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "r"(&value) : "memory");
}

std::string bulks(int count) {
  std::string text;
  for (int i = 0; i != count; ++i) text += "$32\r\n" + std::string(32, 'v') + "\r\n";
  return text;
}

template <class T>
void scan_and_decode(std::string_view frame, long times) {
  resp::Scanner scanner;
  resp::DecodeIssue issue;
  T out{};
  for (long i = 0; i != times; ++i) {
    if (scanner.scan(frame) != resp::Scanner::Status::complete) std::abort();
    if (!resp::decode_frame(frame, out, issue)) std::abort();
    keep(out);
    scanner.discard(scanner.position());
  }
}

template <class T>
void fresh(std::string_view frame, long times) {
  resp::Scanner scanner;
  for (long i = 0; i != times; ++i) {
    resp::DecodeIssue issue;
    T out{};
    if (scanner.scan(frame) != resp::Scanner::Status::complete) std::abort();
    if (!resp::decode_frame(frame, out, issue)) std::abort();
    keep(out);
    scanner.discard(scanner.position());
  }
}

template <class T>
void stream(std::string_view frame, long times) {
  constexpr std::size_t header = 7;  // *1000
  for (long i = 0; i != times; ++i) {
    resp::element_decoder<T> decoder;
    decoder.begin(resp::Type::array, 1000);
    resp::Scanner scanner;
    if (scanner.scan(frame) != resp::Scanner::Status::complete) std::abort();
    decoder.consume(frame.substr(header));
    if (!decoder.finish()) std::abort();
    const T out = std::move(decoder).take();
    keep(out);
  }
}

void encode(long times, std::initializer_list<std::string_view> arguments) {
  resp::Buffer buffer;
  for (long i = 0; i != times; ++i) {
    buffer.clear();
    resp::Writer writer(buffer);
    writer.array(arguments.size());
    for (const std::string_view argument : arguments) writer.bulk(argument);
    keep(buffer);
  }
}

// All that statistics and events cost an answered command, as `redstart_micro` times it.
void report_command(long times) {
  OperationCounters counters;
  std::atomic<std::chrono::nanoseconds> slow_limit{std::chrono::nanoseconds::max()};
  constexpr OperationId get = operation_id("GET");
  for (long i = 0; i != times; ++i) {
    const std::chrono::nanoseconds duration(8000 + (i & 4095));
    counters.answered(0, 1, 0, duration);
    counters.succeeded(0, get, 1, duration);
    keep(duration > slow_limit.load(std::memory_order_relaxed));
  }
}

int run(std::string_view name, long times) {
  const std::string key(16, 'k');
  const std::string value(32, 'v');
  if (name == "nothing") return 0;
  if (name == "encode_get") {
    encode(times, {"GET", key});
  } else if (name == "encode_set") {
    encode(times, {"SET", key, value});
  } else if (name == "decode_ok") {
    scan_and_decode<Ok>("+OK\r\n", times);
  } else if (name == "decode_integer") {
    scan_and_decode<std::int64_t>(":1234567\r\n", times);
  } else if (name == "decode_null") {
    scan_and_decode<std::optional<std::string>>("_\r\n", times);
  } else if (name == "decode_bulk_view") {
    scan_and_decode<std::string_view>(bulks(1), times);
  } else if (name == "decode_bulk_string") {
    fresh<std::optional<std::string>>(bulks(1), times);
  } else if (name == "decode_array10_views") {
    scan_and_decode<std::vector<std::string_view>>("*10\r\n" + bulks(10), times);
  } else if (name == "decode_nested4x10_views") {
    const std::string inner = "*10\r\n" + bulks(10);
    scan_and_decode<std::vector<std::vector<std::string_view>>>("*4\r\n" + inner + inner + inner + inner,
                                                                times);
  } else if (name == "stream_1000_strings") {
    stream<std::vector<std::string>>("*1000\r\n" + bulks(1000), times);
  } else if (name == "stream_1000_list") {
    stream<StringList>("*1000\r\n" + bulks(1000), times);
  } else if (name == "report_command") {
    report_command(times);
  } else {
    std::cerr << "codec_instructions: no operation " << name << '\n';
    return 2;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: codec_instructions OPERATION TIMES\n";
    return 2;
  }
  return run(argv[1], std::strtol(argv[2], nullptr, 10));
}
