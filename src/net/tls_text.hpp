// SPDX-License-Identifier: Apache-2.0
// tls_text.hpp: composes the texts of TLS failures.
#pragma once

#include "../protocol/outcome.hpp"

#include <memory>
#include <string>

struct x509_st;

namespace redstart::inline v0::net {

/// The details that a session notes for its failure.
struct TlsTrouble {
  struct Free {
    void operator()(x509_st* refused) const noexcept;
  };
  unsigned long error = 0;                       ///< Error code of OpenSSL; 0: the network failed.
  bool certificate_requested = false;            ///< The server requested a client certificate.
  int verify = 0;                                ///< X509_V_ERR_…; 0 if the certificate was not the reason.
  std::unique_ptr<x509_st, Free> certificate{};  ///< The refused certificate.
};

/// Returns the failure of a session. `name`: the expected server name. `error`: errno value of the network,
/// or `end_of_stream`.
[[nodiscard]] Cause tls_failure(const TlsTrouble& trouble, const std::string& name, int error);
/// Returns a short reason for an error of OpenSSL, for a file that can't be used.
[[nodiscard]] std::string tls_error_text(unsigned long error);

}  // namespace redstart::inline v0::net
