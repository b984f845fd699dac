// SPDX-License-Identifier: Apache-2.0
// stream_secret.cpp: a Secret can't be printed by accident.
// expect: (no match for|invalid operands).*operator ?<<|invalid operands to binary expression
#include <iostream>
#include <redstart/core/secret.hpp>

int main() {
  const redstart::Secret password{"hunter2"};
#ifdef REDSTART_CONTROL
  std::cout << password.reveal();
#else
  std::cout << password;
#endif
}
