// SPDX-License-Identifier: Apache-2.0
// macros.cpp: every header compiles beside common macros of other libraries.
#include <algorithm>
#include <boost/asio.hpp>
#include <functional>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

// Qt
#define slots
#define signals public
#define emit
#define foreach(variable, container) for (variable : container)
#define forever for (;;)
// windows.h
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define near
#define far
#define small char
// X11
#define None 0L
#define Bool int
// sys/sysmacros.h
#define major(device) (device)
#define minor(device) (device)

#include <redstart/http/http_routes.hpp>
#include <redstart/http/http_server.hpp>
#include <redstart/redstart.hpp>
#include <redstart/testing/fake_server.hpp>
#include <redstart/testing/fault_proxy.hpp>

void use(const redstart::Client& db) { db.set("key", "value"); }
