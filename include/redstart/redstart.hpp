// SPDX-License-Identifier: Apache-2.0
// redstart.hpp: includes the whole library, with health checks, JSON and the test override.
#pragma once

#include <redstart/core/requirements.hpp>

#ifndef REDSTART_UNSUPPORTED

#include <redstart/async.hpp>
#include <redstart/health/health_json.hpp>
#include <redstart/health/health_monitor.hpp>
#include <redstart/json.hpp>
#include <redstart/manager/io_executor.hpp>
#include <redstart/observe/event_json.hpp>
#include <redstart/observe/metrics_exporter.hpp>
#include <redstart/observe/stats_text.hpp>
#include <redstart/resp/string_list.hpp>
#include <redstart/resp/value.hpp>
#include <redstart/sync.hpp>
#include <redstart/testing/scoped_override.hpp>

#endif
