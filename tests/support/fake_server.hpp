// SPDX-License-Identifier: Apache-2.0
// fake_server.hpp: the testing kit under the names used by tests.
#pragma once

#include <redstart/testing/fake_server.hpp>
#include <redstart/testing/fault_proxy.hpp>

#include <string>

namespace redstart::test {

using redstart::testing::Direction;
using redstart::testing::FakeConnection;
using redstart::testing::FakeServer;
using redstart::testing::FaultProxy;
using redstart::testing::FaultScript;
using redstart::testing::Gate;
using redstart::testing::ProxyCounters;
using redstart::testing::ProxyEvent;
using redstart::testing::resp_bulk;
using redstart::testing::resp_command;
using redstart::testing::resp_integer;

/// The reply to ECHO.
inline std::string echo(const FakeConnection::Words& words) { return resp_bulk(words.at(1)); }

}  // namespace redstart::test
