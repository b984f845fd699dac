// SPDX-License-Identifier: Apache-2.0
// redstart.hpp: everything.
#pragma once

#include <redstart/client/async_client.hpp>
#include <redstart/client/async_operations.hpp>
#include <redstart/client/async_pipeline.hpp>
#include <redstart/client/async_results.hpp>
#include <redstart/client/async_scoped_client.hpp>
#include <redstart/client/operation.hpp>
#include <redstart/json.hpp>
#include <redstart/resp/string_list.hpp>
#include <redstart/resp/value.hpp>
#include <redstart/sync.hpp>
#include <redstart/testing/scoped_override.hpp>
