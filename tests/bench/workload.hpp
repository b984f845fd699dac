// SPDX-License-Identifier: Apache-2.0
// workload.hpp: the workloads of every client, and the clients that run them.
#pragma once

#include "meter.hpp"

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace redstart::bench {

/// The repeated work of a client.
struct Workload {
  enum class Kind : std::uint8_t {
    get,       ///< GET, one after the other.
    threads,   ///< GET from each of `threads` threads.
    pipeline,  ///< `depth` times GET (SET with `write`) at once.
    large,     ///< GET (SET with `write`) of a value of `size` bytes.
    chains,    ///< GET from `depth` coroutines (hiredis: chains of callbacks) on one thread.
    range,     ///< LRANGE of a long list into a vector of strings, with `flat` into one arena.
  };
  Kind kind = Kind::get;
  unsigned threads = 1;
  std::size_t depth = 100;
  std::size_t size = std::size_t{1} << 20;
  bool write = false;
  bool flat = false;
  bool unix_socket = false;
};

/// The address of the server.
struct Server {
  std::uint16_t port = 0;
  std::string socket_path{};
};

/// Ends a measurement after an unexpected reply.
[[noreturn, gnu::noinline]] inline void unexpected(const char* what) {
  throw std::runtime_error(std::string("benchmark: unexpected reply to ") + what);
}
inline void expect(bool ok, const char* what) {
  if (!ok) [[unlikely]]
    unexpected(what);
}

[[nodiscard]] Sample run_redstart(const Workload& workload, const Server& server, const Timing& timing);
[[nodiscard]] Sample run_redstart_chains(const Workload& workload, const Server& server,
                                         const Timing& timing);
[[nodiscard]] Sample run_hiredis_chains(const Workload& workload, const Server& server, const Timing& timing);
[[nodiscard]] Sample run_hiredis(const Workload& workload, const Server& server, const Timing& timing);

/// Resident KiB of each of `connections` idle connections, after a GET of `size` bytes on it (0: of an
/// ordinary value).
[[nodiscard]] double idle_kilobytes_redstart(const Server& server, std::size_t connections, std::size_t size);
/// Resident KiB of each idle exclusive connection, measured as above.
[[nodiscard]] double idle_kilobytes_redstart_async(const Server& server, std::size_t connections,
                                                   std::size_t size);
[[nodiscard]] double idle_kilobytes_hiredis(const Server& server, std::size_t connections, std::size_t size);

}  // namespace redstart::bench
