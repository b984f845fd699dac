// SPDX-License-Identifier: Apache-2.0
// decode.hpp: scans and decodes one reply for the decoder tests.
#pragma once

#include "resp/scanner.hpp"

#include <redstart/resp/decode.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

namespace redstart::inline v0::resp::test {

inline void expect_one_reply(std::string_view frame) {
  Scanner scanner;
  EXPECT_EQ(scanner.scan(frame), Scanner::Status::complete) << frame;
  EXPECT_EQ(scanner.position(), frame.size()) << frame;
}

/// Decodes one reply as a T; empty if it doesn't fit.
template <class T>
std::optional<T> decoded(std::string_view frame) {
  expect_one_reply(frame);
  std::optional<T> out(std::in_place);
  DecodeIssue issue;
  if (!decode_frame(frame, *out, issue)) out.reset();
  return out;
}

/// Returns why the reply can't be decoded as a T.
template <class T>
std::string issue_of(std::string_view frame) {
  expect_one_reply(frame);
  T out{};
  DecodeIssue issue;
  return decode_frame(frame, out, issue) ? "no issue" : issue.describe();
}

}  // namespace redstart::inline v0::resp::test
