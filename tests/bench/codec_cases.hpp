// SPDX-License-Identifier: Apache-2.0
// codec_cases.hpp: replies in a receive buffer, and the compared ways to decode them.
#pragma once

#include "resp/scanner.hpp"

#include <redstart/resp/decode.hpp>

#include <hiredis/hiredis.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace redstart::bench {

/// Repetitions of the same reply, about 64 KiB of it.
struct CodecCase {
  std::string bytes{};
  std::size_t replies = 0;
};

inline CodecCase repeat(const std::string& reply) {
  CodecCase result;
  do {
    result.bytes += reply;
    ++result.replies;
  } while (result.bytes.size() + reply.size() <= std::size_t{64} << 10);
  return result;
}

inline std::string bulk_reply() { return "$32\r\n" + std::string(32, 'v') + "\r\n"; }
inline std::string array_reply() {
  std::string reply = "*10\r\n";
  for (int i = 0; i < 10; ++i) reply += bulk_reply();
  return reply;
}
inline std::string nested_reply() {
  return "*4\r\n" + array_reply() + array_reply() + array_reply() + array_reply();
}

using BulkView = std::string_view;
using ArrayView = std::array<std::string_view, 10>;
using NestedView = std::array<ArrayView, 4>;

/// Finds and decodes every reply into a `View` that refers to the bytes. Returns the number of replies.
template <class View>
std::size_t read_views(std::string_view bytes, View& view) {
  resp::Scanner scanner;
  resp::DecodeIssue issue;
  std::size_t count = 0;
  while (scanner.position() != bytes.size()) {
    const bool ok =
        scanner.scan(bytes) == resp::Scanner::Status::complete &&
        resp::decode_frame(bytes.substr(scanner.begin(), scanner.position() - scanner.begin()), view, issue);
    if (!ok) throw std::runtime_error("benchmark: a reply could not be read");
    ++count;
  }
  return count;
}

struct FreeReader {
  void operator()(redisReader* reader) const { ::redisReaderFree(reader); }
};
using HiredisReader = std::unique_ptr<redisReader, FreeReader>;

/// Decodes with hiredis's reader, in pieces of 16 KiB as its own connections do.
inline std::size_t read_hiredis(redisReader* reader, std::string_view bytes) {
  std::size_t count = 0;
  for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(bytes.size(), 16 * 1024))) {
    ::redisReaderFeed(reader, bytes.data(), std::min<std::size_t>(bytes.size(), 16 * 1024));
    for (void* reply = nullptr;; reply = nullptr) {
      if (::redisReaderGetReply(reader, &reply) != REDIS_OK)
        throw std::runtime_error("benchmark: hiredis could not read a reply");
      if (reply == nullptr) break;
      ::freeReplyObject(reply);
      ++count;
    }
  }
  return count;
}

}  // namespace redstart::bench
