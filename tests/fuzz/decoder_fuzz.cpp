// SPDX-License-Identifier: Apache-2.0
// decoder_fuzz.cpp: decodes every frame that the scanner accepts into every type.
// Each decode succeeds or reports an error, in one piece or several.
#include "input.hpp"
#include "resp/scanner.hpp"

#include <redstart/resp/decode.hpp>
#include <redstart/resp/element_decoder.hpp>
#include <redstart/resp/value.hpp>

#include <cstring>
#include <map>
#include <memory>
#include <set>

namespace {

using namespace redstart;
using redstart::fuzz::require;

// The frame has a heap block of its exact size, so that reads beyond it are detected.
template <class T>
void decode(std::string_view frame) {
  const std::unique_ptr<char[]> copy(new char[frame.size()]);
  std::memcpy(copy.get(), frame.data(), frame.size());
  resp::DecodeIssue issue;
  T out{};
  const bool good = resp::decode_frame({copy.get(), frame.size()}, out, issue);
  require(good == !issue);
  require(good || (!issue.describe().empty() && issue.offset <= frame.size()));
}

/// Decodes the elements of a plain aggregate one at a time. The result must equal that of decoding the whole.
template <class T>
void stream(std::string_view frame, resp::Type type) {
  resp::DecodeIssue issue;
  T whole{};
  const bool good = resp::decode_frame(frame, whole, issue);

  resp::DecodeIssue ignored;
  resp::Cursor cursor(frame, ignored);
  if (!resp::is_aggregate(static_cast<resp::Type>(cursor.peek())) || cursor.null_next()) return;
  const resp::Token header = cursor.take_raw();
  if (header.streamed) return;
  resp::element_decoder<T> decoder;
  decoder.begin(type, header.count);
  std::string_view pending(cursor.rest().data(), 0);
  for (std::uint64_t i = 0; i != header.count; ++i) {
    const char* const begin = cursor.rest().data();
    cursor.skip();
    pending = {pending.data(), pending.size() + static_cast<std::size_t>(cursor.rest().data() - begin)};
    pending.remove_prefix(decoder.consume(pending));
  }
  const bool finished = decoder.finish();
  require(finished == good);
  if (good) require(std::move(decoder).take() == whole);
}

void check(std::string_view frame, resp::Type type) {
  using Any =
      std::variant<std::int64_t, double, std::string, std::vector<std::string>, std::map<std::string, int>>;
  decode<Ok>(frame);
  decode<bool>(frame);
  decode<std::int8_t>(frame);
  decode<std::uint64_t>(frame);
  decode<double>(frame);
  decode<float>(frame);
  decode<std::string>(frame);
  decode<std::string_view>(frame);
  decode<std::optional<std::string>>(frame);
  decode<std::vector<std::string_view>>(frame);
  decode<std::vector<std::vector<std::int64_t>>>(frame);
  decode<std::vector<std::pair<std::string, double>>>(frame);
  decode<std::vector<std::vector<std::pair<std::string, std::vector<bool>>>>>(frame);
  decode<std::multiset<std::string>>(frame);
  decode<std::multimap<std::string, std::optional<double>>>(frame);
  decode<std::tuple<std::string, int, Value>>(frame);
  decode<std::array<Any, 2>>(frame);
  decode<std::pair<std::uint64_t, std::vector<std::string>>>(frame);
  decode<std::vector<Any>>(frame);
  decode<StringList>(frame);
  decode<std::vector<Value>>(frame);

  resp::DecodeIssue issue;
  Value value;
  if (resp::decode_frame(frame, value, issue)) {
    require(value == Value::from_frame(frame));
    require(value.type() == type ||
            (value.is_null() && (type == resp::Type::bulk || type == resp::Type::array)));
    require(!to_string(value).empty() || value.size() == 0);
  } else {
    require(issue.got == resp::Type::real);  // beyond the range of double
  }

  resp::Cursor cursor(frame, issue);
  cursor.skip();
  require(cursor.at_end());

  stream<std::vector<std::string>>(frame, type);
  stream<StringList>(frame, type);
  stream<std::vector<std::pair<std::string, std::string>>>(frame, type);
  stream<std::map<std::string, std::string>>(frame, type);
  stream<std::set<std::int64_t>>(frame, type);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  resp::Scanner scanner;
  std::size_t begin = 0;
  while (scanner.scan(bytes) == resp::Scanner::Status::complete) {
    check(bytes.substr(begin, scanner.position() - begin), scanner.type());
    begin = scanner.position();
  }
  return 0;
}
