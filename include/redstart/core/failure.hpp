// SPDX-License-Identifier: Apache-2.0
// failure.hpp: the shape of an error, from errno to exception.
#pragma once

#include <redstart/core/errc.hpp>

#include <string>

namespace redstart::inline v0 {

/// The facts of an error that decisions depend on.
struct Failure {
  Errc code = Errc::invalid_argument;
  Effect effect = Effect::none;
  Remedy remedy = Remedy::none;
};

/// A failure with its texts. Each layer adds what it knows; `ErrorInfo` adds the command and the place.
/// Texts never hold secrets.
struct Cause : Failure {
  std::string what{};    ///< Description of the failure, by the library.
  std::string server{};  ///< The server's message, as `peer_text`.
  std::string advice{};  ///< Checks and actions; if empty, `Database` adds the advice of the code.
};

}  // namespace redstart::inline v0
