// SPDX-License-Identifier: Apache-2.0
// value_print.hpp: prints values in the style of redis-cli.
#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include <redstart/resp/value.hpp>

namespace redstart::inline v0 {
namespace detail {

/// Prints a value without recursion: one element a line, numbered, as redis-cli does.
class ValuePrinter {
 public:
  static std::string print(ValueView value) {
    ValuePrinter printer;
    printer.begin(value);
    while (!printer.open_.empty()) printer.step();
    return std::move(printer.text_);
  }

  static std::string leaf(ValueView value) {
    using resp::Type;
    switch (value.type()) {
      case Type::null: return "(nil)";
      case Type::simple: return resp::escaped(value.as_string());
      case Type::error:
      case Type::bulk_error: return "(error) " + resp::escaped(value.as_string());
      case Type::integer: return "(integer) " + std::to_string(value.as_integer());
      case Type::real: return "(double) " + number(value.as_double());
      case Type::boolean: return value.as_bool() ? "(true)" : "(false)";
      case Type::bignum: return "(big number) " + std::string(value.as_string());
      default: return '"' + resp::escaped(value.as_string()) + '"';
    }
  }

 private:
  // An aggregate, or the attributes of a value, whose values are being printed.
  struct Open {
    ValueView value;
    bool attributes;
    std::size_t next;
    std::size_t count;
    std::size_t indent;
  };

  static std::string number(double value) {
    char text[32];
    return {text, std::to_chars(text, text + sizeof text, value).ptr};
  }

  void begin(ValueView value) {
    if (value.attributes() != 0) {
      open_.push_back({value, true, 0, value.attributes(), column()});
      return;
    }
    begin_plain(value);
  }

  void begin_plain(ValueView value) {
    if (!value.is_aggregate()) {
      text_ += leaf(value);
    } else if (value.size() == 0) {
      text_ += "(empty " + std::string(to_string(value.type())) + ")";
    } else {
      open_.push_back({value, false, 0, value.size(), column()});
    }
  }

  // Prints up to the next value that may be an aggregate.
  void step() {
    Open& open = open_.back();
    if (open.next == open.count) {
      const ValueView value = open.value;
      const std::size_t indent = open.indent;
      const bool attributes = open.attributes;
      open_.pop_back();
      if (!attributes) return;
      new_line(indent);
      begin_plain(value);
      return;
    }
    const std::size_t n = open.next++;
    if (n != 0) new_line(open.indent);
    if (open.attributes) return pair('|', n, open.value.attribute_key(n), open.value.attribute_value(n));
    if (open.value.type() == resp::Type::map) return pair('#', n, open.value.key(n), open.value.value(n));
    text_ += std::to_string(n + 1) + (open.value.type() == resp::Type::set ? "~ " : ") ");
    begin(open.value[n]);
  }

  // A key that is an aggregate is printed on one line.
  void pair(char mark, std::size_t n, ValueView key, ValueView value) {
    text_ += std::to_string(n + 1);
    text_ += mark;
    text_ += ' ';
    text_ += key.is_aggregate() ? key.summary() : leaf(key);
    text_ += " => ";
    begin(value);
  }

  std::size_t column() const {
    const std::size_t line = text_.rfind('\n');
    const std::size_t column = line == std::string::npos ? text_.size() : text_.size() - line - 1;
    return column < deepest ? column : deepest;
  }
  void new_line(std::size_t indent) {
    text_ += '\n';
    text_.append(indent, ' ');
  }

  static constexpr std::size_t deepest = 160;  // maximum indentation: keeps nested output linear in size

  std::string text_;
  std::vector<Open> open_;
};

}  // namespace detail

inline std::string to_string(ValueView value) { return detail::ValuePrinter::print(value); }
inline std::string to_string(const Value& value) { return to_string(value.view()); }

inline std::string ValueView::summary() const {
  if (is_null()) return "null";
  const std::string name(resp::to_string(type()));
  if (is_aggregate()) {
    return (type() == resp::Type::array ? "an " : "a ") + name + " of " + std::to_string(size());
  }
  if (type() == resp::Type::integer) return "the integer " + std::to_string(as_integer());
  if (type() == resp::Type::boolean) return as_bool() ? "the boolean true" : "the boolean false";
  if (type() == resp::Type::real) return "the double " + detail::ValuePrinter::leaf(*this).substr(9);
  return "the " + name + " \"" + resp::escaped(as_string(), 64) + "\"";
}

}  // namespace redstart::inline v0
