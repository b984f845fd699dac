// SPDX-License-Identifier: Apache-2.0
// circuit_control.cpp: hands on what is asked to the breaker of the database.
#include <redstart/manager/circuit_control.hpp>

#include "../pool/database.hpp"

namespace redstart::inline v0 {

BreakerState CircuitControl::state() const { return database_->breaker().state(); }
CircuitStatus CircuitControl::status() const { return database_->circuit(pool::Clock::now()); }
void CircuitControl::force_open() { database_->breaker().force_open(); }
void CircuitControl::force_closed() { database_->breaker().force_closed(); }
void CircuitControl::automatic() { database_->breaker().automatic(); }

}  // namespace redstart::inline v0
