// SPDX-License-Identifier: Apache-2.0
// async.hpp: includes the synchronous and the asynchronous API, without JSON.
#pragma once

#include <redstart/core/requirements.hpp>

#ifndef REDSTART_UNSUPPORTED

#include <redstart/client/async_client.hpp>
#include <redstart/client/async_operations.hpp>
#include <redstart/client/async_pipeline.hpp>
#include <redstart/client/async_results.hpp>
#include <redstart/client/async_retry.hpp>
#include <redstart/client/async_scoped_client.hpp>
#include <redstart/client/operation.hpp>
#include <redstart/manager/io_executor.hpp>
#include <redstart/sync.hpp>

#endif
