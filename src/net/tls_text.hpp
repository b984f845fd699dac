// SPDX-License-Identifier: Apache-2.0
// tls_text.hpp: what went wrong with TLS, in words.
#pragma once

#include "outcome.hpp"

#include <memory>
#include <string>

struct x509_st;

namespace redstart::inline v0::net {

/// What a session noted when it failed.
struct TlsTrouble {
  struct Free {
    void operator()(x509_st* refused) const noexcept;
  };
  unsigned long error = 0;  ///< OpenSSL's; 0: the network failed.
  bool asked = false;       ///< The server wanted to see a certificate of ours.
  int verify = 0;           ///< X509_V_ERR_…, 0 when the certificate was not the reason.
  std::unique_ptr<x509_st, Free> certificate{};  ///< The one that was refused.
};

/// Why there is no session. `name`: who the server should have been. `error`: errno or `end_of_stream` of the
/// network.
[[nodiscard]] OpenFailure tls_failure(const TlsTrouble& trouble, const std::string& name, int error);
/// The same in a few words, for a file that could not be used.
[[nodiscard]] std::string tls_error_text(unsigned long error);

}  // namespace redstart::inline v0::net
