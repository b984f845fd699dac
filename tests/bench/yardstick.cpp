// SPDX-License-Identifier: Apache-2.0
// yardstick.cpp: runs one workload with Redstart and prints its figures.
// `name=value` arguments select the workload; the figures are one line.
#include "dataset.hpp"
#include "workload.hpp"

#include <dlfcn.h>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using redstart::bench::Allocations;
using redstart::bench::Sample;
using redstart::bench::Server;
using redstart::bench::Timing;
using redstart::bench::Workload;

constexpr std::string_view usage =
    R"(redstart_yardstick: one benchmark workload with Redstart, in one line of figures

usage: redstart_yardstick name=value ...

  w=W1             GET, one thread              [unix=1: through the Unix socket]
  w=W2 t=8         GET, t threads, one client object
  w=W3 n=64        GET from n coroutines on one thread
  w=W4 P=100       pipelines of P commands      [cmd=GET|SET]
  w=W5 size=N      values of N bytes            [cmd=GET|SET]
  w=W6             LRANGE of 100,000 elements   [flat=1: into a StringList]
  tag=TEXT         repeated in the output
  as=NAME          name of the client in the output
  dur=SECONDS      how long to measure (1)
  warm=SECONDS     how long to run before that (0.25)

Arguments may come in any order; those that a workload does not know are ignored.
Environment: YARD_PORT, YARD_SOCK: port and Unix socket of a redis-server that holds the keys
key:000000000000 ... key:000000001023, big:<size> and the list biglist.
Exit code: 0; 1 when the run failed; 2 when the arguments make no sense.
)";

class Arguments {
 public:
  Arguments(int count, char** words) {
    for (int i = 1; i < count; ++i) {
      const std::string_view word = words[i];
      const std::size_t mark = word.find('=');
      if (mark == std::string_view::npos)
        throw std::invalid_argument("`" + std::string(word) + "` is not name=value");
      values_[std::string(word.substr(0, mark))] = word.substr(mark + 1);
    }
  }
  [[nodiscard]] std::string text(const std::string& name, std::string_view otherwise = {}) const {
    const auto found = values_.find(name);
    return std::string(found == values_.end() ? otherwise : found->second);
  }
  template <class T>
  [[nodiscard]] T number(const std::string& name, T otherwise) const {
    const auto found = values_.find(name);
    if (found == values_.end()) return otherwise;
    const std::string_view digits = found->second;
    T result{};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), result);
    if (error != std::errc{} || end != digits.data() + digits.size())
      throw std::invalid_argument(name + "=" + std::string(digits) + " is not a number");
    return result;
  }

 private:
  std::map<std::string, std::string_view> values_;
};

Workload parse(const Arguments& arguments) {
  const std::string name = arguments.text("w");
  Workload workload;
  workload.unix_socket = arguments.number("unix", 0) != 0;
  workload.threads = arguments.number("t", 8U);
  workload.depth =
      name == "W3" ? arguments.number("n", std::size_t{64}) : arguments.number("P", workload.depth);
  workload.size = arguments.number("size", workload.size);
  workload.write = arguments.text("cmd", "GET") == "SET";
  workload.flat = arguments.number("flat", 0) != 0;
  if (name == "W1")
    workload.kind = Workload::Kind::get;
  else if (name == "W2")
    workload.kind = Workload::Kind::threads;
  else if (name == "W4")
    workload.kind = Workload::Kind::pipeline;
  else if (name == "W5")
    workload.kind = Workload::Kind::large;
  else if (name == "W6")
    workload.kind = Workload::Kind::range;
  else if (name == "W3")
    workload.kind = Workload::Kind::chains;
  else
    throw std::invalid_argument("w=" + name + " is not a workload; see --help");
  return workload;
}

Server server_from_environment() {
  const char* const port = std::getenv("YARD_PORT");
  const char* const path = std::getenv("YARD_SOCK");
  Server server;
  server.port = static_cast<std::uint16_t>(port == nullptr ? 6379 : std::atoi(port));
  if (path != nullptr) server.socket_path = path;
  return server;
}

// A preloaded library may count allocations and report the number.
Allocations preloaded_count() {
  using Get = void (*)(std::uint64_t*, std::uint64_t*);
  static const auto get =
      reinterpret_cast<Get>(::dlsym(RTLD_DEFAULT, "acount_get"));  // the conversion that dlsym(3) documents
  Allocations count;
  if (get != nullptr) get(&count.calls, &count.bytes);
  return count;
}

void print(const Arguments& arguments, const Workload& workload, const Sample& sample) {
  const bool flat = workload.kind == Workload::Kind::range && workload.flat;
  std::printf(
      "R w=%s client=%s tag=%s ops_s=%.1f p50=%.2f p99=%.2f cpu=%.4f user=%.4f sys=%.4f allocs=%.3f "
      "abytes=%.1f MBs=%.1f hwm_mb=%.1f ops=%llu csw=%.3f\n",
      arguments.text("w").c_str(), arguments.text("as", flat ? "redstart-flat" : "redstart").c_str(),
      arguments.text("tag").c_str(), sample.ops_per_second, sample.p50_us, sample.p99_us, sample.cpu_us(),
      sample.user_us, sample.system_us, sample.allocations, sample.allocated_bytes,
      sample.megabytes_per_second, sample.peak_megabytes, static_cast<unsigned long long>(sample.operations),
      sample.switches);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || std::string_view(argv[1]) == "--help") {
    std::fputs(usage.data(), argc < 2 ? stderr : stdout);
    return argc < 2 ? 2 : 0;
  }
  try {
    const Arguments arguments(argc, argv);
    const Workload workload = parse(arguments);
    const Timing timing{arguments.number("warm", 0.25), arguments.number("dur", 1.0), &preloaded_count};
    print(arguments, workload, redstart::bench::run_redstart(workload, server_from_environment(), timing));
    return 0;
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "redstart_yardstick: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "redstart_yardstick: %s\n", error.what());
    return 1;
  }
}
