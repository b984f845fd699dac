// SPDX-License-Identifier: Apache-2.0
// probes.hpp: static tracepoints for bpftrace, perf and SystemTap.
#pragma once

// Probes of the provider `redstart`; docs/tracing.md lists them. With REDSTART_WITH_USDT each is one `nop`
// and a note in the program. Otherwise the arguments are not even evaluated.
#if defined(REDSTART_WITH_USDT) && REDSTART_WITH_USDT
#include <sys/sdt.h>
#define REDSTART_PROBE(name, operation, connection, bytes) \
  DTRACE_PROBE3(redstart, name, operation, connection, bytes)
#else
#define REDSTART_PROBE(name, operation, connection, bytes) static_cast<void>(0)
#endif
