// SPDX-License-Identifier: Apache-2.0
// rehearsal.cpp: smallest use of the testing component: a proxy before a fake server.
#include <redstart/testing/fake_server.hpp>
#include <redstart/testing/fault_proxy.hpp>

int main() {
  redstart::testing::FakeServer server(redstart::testing::FakeServer::simple());
  redstart::testing::FaultProxy proxy(server.port());
  proxy.next_connection().reset();
  return proxy.counters().accepted == 0 ? 0 : 1;
}
