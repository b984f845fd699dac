// SPDX-License-Identifier: Apache-2.0
// sync.hpp: includes the synchronous API, without Asio to compile quickly.
#pragma once

#include <redstart/core/requirements.hpp>

#ifndef REDSTART_UNSUPPORTED

#include <redstart/client/client.hpp>
#include <redstart/client/owned_command.hpp>
#include <redstart/client/pipeline.hpp>
#include <redstart/client/results.hpp>
#include <redstart/client/scoped_client.hpp>
#include <redstart/config/loader.hpp>
#include <redstart/config/redis_config.hpp>
#include <redstart/core/error.hpp>
#include <redstart/core/runbook.hpp>
#include <redstart/core/version.hpp>
#include <redstart/manager/redis_connection_manager.hpp>
#include <redstart/resilience/retry.hpp>

#endif
