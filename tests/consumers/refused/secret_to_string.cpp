// SPDX-License-Identifier: Apache-2.0
// secret_to_string.cpp: a Secret becomes a string only by reveal().
// expect: conversion from .*Secret|no viable conversion
#include <redstart/core/secret.hpp>
#include <string>

int main() {
  const redstart::Secret password{"hunter2"};
#ifdef REDSTART_CONTROL
  const std::string text{password.reveal()};
#else
  const std::string text = password;
#endif
  return text.empty() ? 1 : 0;
}
