// SPDX-License-Identifier: Apache-2.0
// resp_vectors.cpp: parses and prints the notation of resp_vectors.tsv.
#include "support/resp_vectors.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace redstart::test {
namespace {

using nlohmann::json;

std::string unescaped(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\') {
      bytes += text[at];
      continue;
    }
    const char c = text.at(++at);
    switch (c) {
      case 'r': bytes += '\r'; break;
      case 'n': bytes += '\n'; break;
      case 't': bytes += '\t'; break;
      case '"':
      case '\\': bytes += c; break;
      default: {
        bytes += static_cast<char>(std::stoi(std::string(text.substr(at, 3)), nullptr, 8));
        at += 2;
      }
    }
  }
  return bytes;
}

std::string input_of(std::string_view text) {
  if (text.substr(0, 5) != "@rep:") return unescaped(text);
  std::string bytes;
  while (!text.empty()) {
    const std::size_t joint = text.find("@+@rep:");
    std::string_view piece = text.substr(5, joint == std::string_view::npos ? joint : joint - 5);
    const std::size_t colon = piece.find(':');
    const int count = std::stoi(std::string(piece.substr(0, colon)));
    const std::string unit = unescaped(piece.substr(colon + 1));
    for (int i = 0; i != count; ++i) bytes += unit;
    text.remove_prefix(joint == std::string_view::npos ? text.size() : joint + 2);
  }
  return bytes;
}

// The file stores bytes as Latin-1.
std::string from_latin1(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xC0 | byte >> 6);
      text += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return text;
}

std::string double_text(double number) {
  if (std::isnan(number)) return "nan";
  char text[64];
  return {text, std::to_chars(text, text + sizeof text, number).ptr};
}

json plain_notation(ValueView value);

json pairs_notation(ValueView value, bool attributes) {
  json pairs = json::array();
  for (std::size_t n = 0; n != (attributes ? value.attributes() : value.size()); ++n) {
    pairs.push_back(attributes ? json::array({plain_notation(value.attribute_key(n)),
                                              plain_notation(value.attribute_value(n))})
                               : json::array({plain_notation(value.key(n)), plain_notation(value.value(n))}));
  }
  return pairs;
}

json elements_notation(ValueView value) {
  json elements = json::array();
  for (const ValueView element : value) elements.push_back(plain_notation(element));
  return elements;
}

json notation_without_attributes(ValueView value) {
  using resp::Type;
  switch (value.type()) {
    case Type::null: return nullptr;
    case Type::simple: return {{"s", from_latin1(value.as_string())}};
    case Type::error: return {{"e", from_latin1(value.as_string())}};
    case Type::integer: return {{"i", value.as_integer()}};
    case Type::real: return {{"d", double_text(value.as_double())}};
    case Type::boolean: return {{"t", value.as_bool()}};
    case Type::bignum: return {{"n", from_latin1(value.as_string())}};
    case Type::bulk: return {{"b", from_latin1(value.as_string())}};
    case Type::bulk_error: return {{"E", from_latin1(value.as_string())}};
    case Type::verbatim:
      return {{"v", json::array({from_latin1(value.format()), from_latin1(value.as_string())})}};
    case Type::array: return {{"a", elements_notation(value)}};
    case Type::set: return {{"S", elements_notation(value)}};
    case Type::push: return {{"p", elements_notation(value)}};
    case Type::map: return {{"m", pairs_notation(value, false)}};
    case Type::attribute: break;
  }
  throw std::logic_error("value without a type");
}

json plain_notation(ValueView value) {
  json plain = notation_without_attributes(value);
  if (value.attributes() == 0) return plain;
  return {{"A", pairs_notation(value, true)}, {"of", plain}};
}

// Converts doubles of the file to our notation.
void normalise_doubles(json& expected) {
  if (expected.is_object() && expected.contains("d")) {
    expected["d"] = double_text(std::strtod(expected["d"].get<std::string>().c_str(), nullptr));
    return;
  }
  if (expected.is_structured()) {
    for (json& element : expected) normalise_doubles(element);
  }
}

std::string nest_difference(const Outcome& outcome, std::size_t depth) {
  if (outcome.values.size() != 1) return "expected one value";
  ValueView at = outcome.values[0];
  for (std::size_t level = 0; level != depth; ++level) {
    if (at.type() != resp::Type::array || at.size() != 1)
      return "not nested " + std::to_string(depth) + " levels";
    at = at[0];
  }
  return at.is_aggregate() ? "nested deeper than " + std::to_string(depth) : "";
}

void read(const std::string& path, std::vector<Vector>& vectors) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("can't read test vectors from " + path);
  std::string line;
  while (std::getline(file, line)) {
    const std::size_t first = line.find('\t');
    const std::size_t second = line.find('\t', first + 1);
    const std::size_t third = line.find('\t', second + 1);
    if (second == std::string::npos || line.substr(0, first) == "name") continue;
    vectors.push_back({line.substr(0, first),
                       input_of(std::string_view(line).substr(first + 1, second - first - 1)),
                       line.substr(second + 1, third - second - 1)});
  }
}

}  // namespace

const std::vector<Vector>& resp_vectors() {
  static const std::vector<Vector> vectors = [] {
    std::vector<Vector> all;
    read(std::string(REDSTART_TEST_DATA_DIR) + "/resp_vectors.tsv", all);
    const char* const more = std::getenv("REDSTART_RESP_VECTORS");
    std::string paths = more == nullptr ? "" : more;
    while (!paths.empty()) {
      const std::size_t colon = paths.find(':');
      if (colon != 0) read(paths.substr(0, colon), all);
      paths.erase(0, colon == std::string::npos ? colon : colon + 1);
    }
    return all;
  }();
  return vectors;
}

bool append(std::string_view frame, Outcome& outcome) {
  resp::DecodeIssue issue;
  Value value;
  if (resp::decode_frame(frame, value, issue)) {
    outcome.values.push_back(std::move(value));
    return true;
  }
  outcome.end = "error:" + std::string(to_string(issue.got));
  return false;
}

Outcome run(resp::Scanner& scanner, std::string_view input, const std::vector<std::size_t>& cuts) {
  using Status = resp::Scanner::Status;
  Outcome outcome;
  std::size_t begin = 0;  // of the current reply
  for (std::size_t piece = 0; piece <= cuts.size(); ++piece) {
    const std::string_view arrived = input.substr(0, piece == cuts.size() ? input.size() : cuts[piece]);
    for (;;) {
      const Status status = scanner.scan(arrived);
      if (status == Status::complete) {
        if (!append(arrived.substr(begin, scanner.position() - begin), outcome)) return outcome;
        begin = scanner.position();
        continue;
      }
      if (status == Status::fault) {
        outcome.end = "error:" + std::string(to_string(scanner.fault()));
        outcome.fault_offset = scanner.fault_offset();
        return outcome;
      }
      break;
    }
  }
  if (begin != input.size()) outcome.end = "incomplete";
  return outcome;
}

Outcome run(std::string_view input, const std::vector<std::size_t>& cuts) {
  resp::Scanner scanner;
  return run(scanner, input, cuts);
}

std::string difference(const Vector& vector, const Outcome& outcome) {
  std::string_view expect = vector.expect;
  if (expect == "incomplete") {
    const bool pending = outcome.values.empty() && (outcome.end == "incomplete" || vector.input.empty());
    return pending ? ""
                   : "expected to be incomplete, got " + std::to_string(outcome.values.size()) +
                         " values, end " + outcome.end;
  }
  std::string end;
  for (const std::string_view mark : {"+error:", "+incomplete", "error:"}) {
    const std::size_t at = expect.rfind(mark);
    if (at == std::string_view::npos || (mark == "error:" && at != 0) ||
        (mark[0] == '+' && expect.substr(0, 4) != "seq:"))
      continue;
    end = expect.substr(mark[0] == '+' ? at + 1 : at);
    expect = expect.substr(0, at);
    break;
  }
  if (end != outcome.end) return "expected to end with '" + end + "', got '" + outcome.end + "'";
  if (expect.empty()) return outcome.values.empty() ? "" : "values before the error";
  if (expect.substr(0, 6) == "@nest:")
    return nest_difference(outcome, std::stoul(std::string(expect.substr(6))));
  json expected;
  if (expect.substr(0, 8) == "@simple:") {
    expected = json::array({{{"s", std::string(std::stoul(std::string(expect.substr(8))), 'a')}}});
  } else if (expect.substr(0, 4) == "seq:") {
    expected = json::parse(expect.substr(4));
  } else {
    expected = json::array({json::parse(expect)});
  }
  normalise_doubles(expected);
  json got = json::array();
  for (const Value& value : outcome.values) got.push_back(plain_notation(value));
  if (got == expected) return "";
  return "expected " + expected.dump().substr(0, 300) + ", got " + got.dump().substr(0, 300);
}

}  // namespace redstart::test
