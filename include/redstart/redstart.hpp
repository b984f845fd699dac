// SPDX-License-Identifier: Apache-2.0
// redstart.hpp: includes the whole library, with JSON and the test override.
#pragma once

#include <redstart/core/requirements.hpp>

#ifndef REDSTART_UNSUPPORTED

#include <redstart/async.hpp>
#include <redstart/json.hpp>
#include <redstart/manager/io_executor.hpp>
#include <redstart/resp/string_list.hpp>
#include <redstart/resp/value.hpp>
#include <redstart/sync.hpp>
#include <redstart/testing/scoped_override.hpp>

#endif
