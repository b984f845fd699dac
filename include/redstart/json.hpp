// SPDX-License-Identifier: Apache-2.0
// json.hpp: JSON through nlohmann: users' types as values, and replies of any shape as JSON. Opt-in.
#pragma once

#include <redstart/core/requirements.hpp>

#ifndef REDSTART_UNSUPPORTED

#include <cmath>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <redstart/resp/codec.hpp>
#include <redstart/resp/value.hpp>

namespace redstart::inline v0 {

/// Stores a T as JSON text. Used for every T that has from_json and to_json functions of its own (by hand, or
/// by NLOHMANN_DEFINE_TYPE_…); for a T with a nlohmann::adl_serializer say so:
///
///     template <> struct redstart::codec<T> : redstart::json_codec<T> {};
///
/// Errors: decode throws nlohmann::json::exception for text that is no JSON or no T; the command then fails
/// with decode_error. encode replaces bytes that aren't UTF-8 by U+FFFD.
template <class T>
struct json_codec {
  static T decode(std::string_view bytes) { return nlohmann::json::parse(bytes).get<T>(); }
  static std::string encode(const T& value) {
    return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
};

namespace detail {

// Found by argument-dependent lookup alone, so that nlohmann's own conversions of std types don't count.
template <class T>
concept has_from_json = requires(const nlohmann::json& json, T& value) {
  from_json(json, value);
};
template <class T>
concept has_to_json = requires(nlohmann::json& json, const T& value) {
  to_json(json, value);
};

/// The bytes with everything that isn't UTF-8 replaced by U+FFFD.
std::string as_utf8(std::string_view bytes);

/// Builds the JSON of a value without recursion.
class JsonBuilder {
 public:
  static nlohmann::json build(ValueView value) {
    nlohmann::json json;
    JsonBuilder builder;
    builder.put(json, value);
    while (!builder.open_.empty()) builder.step();
    return json;
  }

 private:
  struct Open {
    nlohmann::json* json;
    ValueView value;
    std::size_t next;
    bool object;
  };

  void step() {
    const std::size_t top = open_.size() - 1;
    const Open open = open_[top];
    if (open.next == open.value.size()) {
      open_.pop_back();
      return;
    }
    const std::size_t n = open_[top].next++;
    if (open.object) {
      put((*open.json)[as_utf8(open.value.key(n).as_string())], open.value.value(n));
    } else if (open.value.type() == resp::Type::map) {
      nlohmann::json& pair = (*open.json)[n];
      pair = nlohmann::json::array({nullptr, nullptr});
      put(pair[0], open.value.key(n));
      put(pair[1], open.value.value(n));
    } else {
      put((*open.json)[n], open.value[n]);
    }
  }

  void put(nlohmann::json& json, ValueView value) {
    using resp::Type;
    switch (value.type()) {
      case Type::null: json = nullptr; return;
      case Type::integer: json = value.as_integer(); return;
      case Type::real: put_double(json, value.as_double()); return;
      case Type::boolean: json = value.as_bool(); return;
      case Type::error:
      case Type::bulk_error: json = {{"error", as_utf8(value.as_string())}}; return;
      case Type::map:
        if (has_text_keys(value)) {
          json = nlohmann::json::object();
          open_.push_back({&json, value, 0, true});
          return;
        }
        [[fallthrough]];
      case Type::array:
      case Type::set:
      case Type::push:
        json = nlohmann::json::array_t(value.size());
        open_.push_back({&json, value, 0, false});
        return;
      default: json = as_utf8(value.as_string());
    }
  }

  static void put_double(nlohmann::json& json, double number) {
    if (std::isfinite(number)) {
      json = number;
    } else if (std::isnan(number)) {
      json = "nan";
    } else {
      json = number < 0 ? "-inf" : "inf";
    }
  }

  static bool has_text_keys(ValueView map) {
    for (std::size_t n = 0; n != map.size(); ++n) {
      const resp::Type type = map.key(n).type();
      if (type != resp::Type::bulk && type != resp::Type::simple && type != resp::Type::verbatim)
        return false;
    }
    return true;
  }

  std::vector<Open> open_;
};

inline std::string as_utf8(std::string_view bytes) {
  constexpr std::string_view replacement = "\xEF\xBF\xBD";
  std::string result;
  result.reserve(bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    const auto byte = [&](std::size_t n) {
      return at + n < bytes.size() ? static_cast<unsigned char>(bytes[at + n]) : 0U;
    };
    const unsigned lead = byte(0);
    std::size_t size = 1;
    bool valid = lead < 0x80;
    if (lead >= 0xC2 && lead <= 0xF4) {
      size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
      // the second byte's range excludes overlong forms, surrogates, and what lies beyond U+10FFFF
      const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
      const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
      valid = byte(1) >= low && byte(1) <= high;
      for (std::size_t n = 2; n < size; ++n) valid = valid && byte(n) >= 0x80 && byte(n) <= 0xBF;
    }
    if (valid) {
      result.append(bytes, at, size);
      at += size;
    } else {
      result += replacement;
      ++at;
    }
  }
  return result;
}

}  // namespace detail

/// The value as JSON: strings, integers, doubles, booleans and null as themselves; arrays, sets and pushes as
/// arrays; maps as objects (of equal keys the last one counts), or as arrays of pairs when a key isn't text;
/// errors as {"error": message}; big numbers, inf and nan as strings. Attributes are left out. Bytes that
/// aren't UTF-8 become U+FFFD.
inline void to_json(nlohmann::json& json, const Value& value) { json = detail::JsonBuilder::build(value); }
/// The same for a part of a value.
inline void to_json(nlohmann::json& json, const ValueView& value) {
  json = detail::JsonBuilder::build(value);
}

/// Every type with from_json and to_json of its own is stored as JSON.
template <class T>
requires(detail::has_from_json<T>&& detail::has_to_json<T>) struct codec<T> : json_codec<T> {
};

}  // namespace redstart::inline v0

#endif
