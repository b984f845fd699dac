// SPDX-License-Identifier: Apache-2.0
// picture.hpp: the timeline as an SVG file.
#pragma once

#include "timeline.hpp"

#include <string>

namespace drill {

/// Draws throughput, failures, latency, and the states of connection and breaker over time, outages shaded.
/// Errors: std::runtime_error when the file can't be written.
void write_picture(const std::string& path, const Timeline& timeline);

}  // namespace drill
