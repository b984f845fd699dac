// SPDX-License-Identifier: Apache-2.0
// operational.hpp: decides whether a database can be written, read and deleted.
#pragma once

#include "probe_facts.hpp"

#include <redstart/health/health_report.hpp>

namespace redstart::inline v0::health {

/// Judges SET, GET and DEL of a probe. A missing permission, a command that the server does not know and a
/// key that belongs to another node prove nothing: the result is `unknown`. Adds warnings and notes.
void judge_operations(DatabaseHealth& health, const ProbeFacts& facts);

}  // namespace redstart::inline v0::health
