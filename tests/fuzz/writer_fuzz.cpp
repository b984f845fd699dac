// SPDX-License-Identifier: Apache-2.0
// writer_fuzz.cpp: checks that a command is an array of exactly its arguments.
#include "input.hpp"
#include "resp/scanner.hpp"

#include <redstart/resp/decode.hpp>
#include <redstart/resp/writer.hpp>

#include <charconv>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

namespace {

using namespace redstart;
using redstart::fuzz::Input;
using redstart::fuzz::require;

std::string joined(const resp::Buffer& buffer, const std::vector<resp::External>& externals) {
  std::string bytes;
  std::size_t from = 0;
  for (const resp::External& external : externals) {
    bytes += buffer.view().substr(from, external.offset - from);
    bytes.append(external.data, external.size);
    from = external.offset;
  }
  bytes += buffer.view().substr(from);
  return bytes;
}

template <class T>
T number_from(std::string_view bytes) {
  T number{};
  if (!bytes.empty())
    std::memcpy(&number, bytes.data(), bytes.size() < sizeof number ? bytes.size() : sizeof number);
  return number;
}

template <class T>
void number_round_trip(T number) {
  resp::Buffer buffer;
  resp::Writer(buffer).bulk(number);
  resp::Scanner scanner;
  require(scanner.scan(buffer.view()) == resp::Scanner::Status::complete &&
          scanner.position() == buffer.size());
  T back{};
  resp::DecodeIssue issue;
  if constexpr (std::is_floating_point_v<T>) {
    require(resp::decode_frame(buffer.view(), back, issue));
    require(std::isnan(number) ? std::isnan(back) : back == number);
  } else {
    require(resp::decode_frame(buffer.view(), back, issue) && back == number);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const std::size_t threshold = input.below(64) * 8;
  const std::size_t count = input.below(40);
  std::vector<std::string> arguments;
  for (std::size_t i = 0; i != count; ++i) {
    const std::size_t length = input.below(200) * (input.below(8) == 0 ? 50 : 1);
    const std::string_view piece = input.take(length);
    // varies the size, so that lengths of every number of digits occur
    arguments.emplace_back(std::string(piece) + std::string((length - piece.size()) / 2, '\n'));
  }
  number_round_trip(number_from<std::int64_t>(input.rest()));
  number_round_trip(number_from<std::uint16_t>(input.rest()));
  number_round_trip(number_from<double>(input.rest()));
  number_round_trip(number_from<float>(input.rest()));

  resp::Buffer plain;
  resp::Buffer headers;
  std::vector<resp::External> externals;
  resp::Writer all_inside(plain);
  resp::Writer some_outside(headers, externals, threshold);
  all_inside.array(count);
  some_outside.array(count);
  for (const std::string& argument : arguments) {
    all_inside.bulk(argument);
    some_outside.bulk(argument);
  }
  require(joined(headers, externals) == plain.view());

  resp::Scanner scanner;
  require(scanner.scan(plain.view()) == resp::Scanner::Status::complete);
  require(scanner.position() == plain.size() && scanner.type() == resp::Type::array);
  std::vector<std::string> back;
  resp::DecodeIssue issue;
  require(resp::decode_frame(plain.view(), back, issue) && back == arguments);
  return 0;
}
