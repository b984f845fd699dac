// SPDX-License-Identifier: Apache-2.0
// hiredis_diff_fuzz.cpp: compares the RESP2 replies of hiredis's reader with Redstart's.
//
// Both must see the same replies, or both must reject the input. hiredis 0.14 is the oracle only where it
// follows the specification. Known differences:
// - It supports RESP2 only and at most 7 levels of nesting. Other replies are not compared.
// - It ignores the two bytes behind a payload. Where Redstart reports `crlf`, it may continue.
// - It rejects ":+1", ":007" and ":-0", which Redstart accepts according to the vectors.
// - It waits for the end of a line before it examines the line. Where Redstart rejects it, hiredis may wait.
#include "input.hpp"
#include "resp/scanner.hpp"

#include <redstart/resp/value.hpp>

#include <hiredis/hiredis.h>

#include <memory>
#include <string>

namespace {

using namespace redstart;
using redstart::fuzz::require;

struct FreeReader {
  void operator()(redisReader* reader) const { redisReaderFree(reader); }
};
struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

bool same(const redisReply& reply, ValueView value) {
  const std::string_view text =
      reply.str == nullptr ? std::string_view() : std::string_view(reply.str, reply.len);
  switch (reply.type) {
    case REDIS_REPLY_STATUS: return value.type() == resp::Type::simple && value.as_string() == text;
    case REDIS_REPLY_ERROR: return value.type() == resp::Type::error && value.as_string() == text;
    case REDIS_REPLY_STRING: return value.type() == resp::Type::bulk && value.as_string() == text;
    case REDIS_REPLY_INTEGER:
      return value.type() == resp::Type::integer && value.as_integer() == reply.integer;
    case REDIS_REPLY_NIL: return value.is_null();
    case REDIS_REPLY_ARRAY:
      if (value.type() != resp::Type::array || value.size() != reply.elements) return false;
      for (std::size_t i = 0; i != reply.elements; ++i) {
        if (!same(*reply.element[i], value[i])) return false;
      }
      return true;
    default: return false;
  }
}

/// True if hiredis can read the complete frame: RESP2 types, at most 7 levels of nesting.
bool comparable(ValueView value, int level = 0) {
  if (value.attributes() != 0) return false;
  switch (value.type()) {
    case resp::Type::simple:
    case resp::Type::error:
    case resp::Type::integer:
    case resp::Type::bulk:
    case resp::Type::null: return true;
    case resp::Type::array:
      if (level == 7) return false;
      for (const ValueView element : value) {
        if (!comparable(element, level + 1)) return false;
      }
      return true;
    default: return false;
  }
}

/// True if the bytes may contain something that hiredis can't read. Payloads are examined too, so this is
/// true too often.
bool maybe_beyond_hiredis(std::string_view bytes) {
  std::size_t arrays = 0;
  for (std::size_t at = 0; at != bytes.size(); ++at) {
    const std::string_view rest = bytes.substr(at);
    if (std::string_view("_#,(!=%~>|?").find(rest[0]) != std::string_view::npos) return true;
    if (rest[0] == '*' && ++arrays > 7) return true;
    const std::string_view number = rest.substr(rest[0] == ':' ? 1 : rest.size());
    if (number.substr(0, 1) == "+" || number.substr(0, 2) == "-0") return true;
    if (number.substr(0, 1) == "0" && number.substr(1, 1) != "\r") return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::unique_ptr<redisReader, FreeReader> reader(redisReaderCreate());
  // hiredis allocates an array's declared size at once: avoid gigabytes
  std::size_t digits = 0;
  for (const char c : bytes) {
    digits = c >= '0' && c <= '9' ? digits + 1 : 0;
    if (digits > 4) return 0;
  }
  redisReaderFeed(reader.get(), bytes.data(), bytes.size());

  resp::Scanner scanner;
  std::size_t begin = 0;
  for (;;) {
    const auto status = scanner.scan(bytes);
    Value value;
    if (status == resp::Scanner::Status::complete) {
      const std::string_view frame = bytes.substr(begin, scanner.position() - begin);
      begin = scanner.position();
      resp::DecodeIssue issue;
      if (!resp::decode_frame(frame, value, issue)) return 0;  // a double beyond its range
      if (!comparable(value) || maybe_beyond_hiredis(frame)) return 0;
    }
    void* raw = nullptr;
    const bool good = redisReaderGetReply(reader.get(), &raw) == REDIS_OK;
    const std::unique_ptr<redisReply, FreeReply> reply(static_cast<redisReply*>(raw));
    switch (status) {
      case resp::Scanner::Status::complete: require(good && reply != nullptr && same(*reply, value)); break;
      case resp::Scanner::Status::incomplete:
        require(reply == nullptr);
        require(good || maybe_beyond_hiredis(bytes.substr(begin)));
        return 0;
      case resp::Scanner::Status::fault:
        require(reply == nullptr || scanner.fault() == resp::Fault::crlf);
        return 0;
    }
  }
}
