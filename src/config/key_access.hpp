// SPDX-License-Identifier: Apache-2.0
// key_access.hpp: reads, checks and shows the fields behind the table of settings.
#pragma once

#include <redstart/config/redis_config.hpp>

#include "host.hpp"
#include "keys.hpp"

#include <array>
#include <chrono>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace redstart::inline v0::detail {

/// The names of the values of an enumeration, in the order of the values, which begin at 0.
template <class E>
struct Choices;
template <>
struct Choices<Protocol> {
  static constexpr std::string_view names[] = {"automatic", "resp3", "resp2"};
};
template <>
struct Choices<Handshake> {
  static constexpr std::string_view names[] = {"full", "minimal"};
};
template <>
struct Choices<StartMode> {
  static constexpr std::string_view names[] = {"degraded", "complete"};
};
template <>
struct Choices<WhenAway> {
  static constexpr std::string_view names[] = {"fail", "wait"};
};
template <>
struct Choices<TlsVerify> {
  static constexpr std::string_view names[] = {"full", "insecure"};
};
template <>
struct Choices<TlsVersion> {
  static constexpr std::string_view names[] = {"1.2", "1.3"};
};
template <>
struct Choices<Jitter> {
  static constexpr std::string_view names[] = {"none", "full", "equal", "decorrelated", "floored"};
};
template <>
struct Choices<RetryMode> {
  static constexpr std::string_view names[] = {"off", "not_sent", "reads", "last_write_wins",
                                               "at_least_once"};
};

template <class T>
inline constexpr bool is_duration = false;
template <class Rep, class Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

/// The field at the end of a path of members.
template <auto Member, auto... Rest>
constexpr auto& field_at(auto& owner) noexcept {
  if constexpr (sizeof...(Rest) == 0)
    return owner.*Member;
  else
    return field_at<Rest...>(owner.*Member);
}

/// The fault of a number outside of the range of `key`. Shows it: numbers are read before, so it is no secret
/// text.
[[nodiscard]] std::optional<ValueFault> fault_of_range(const Key& key, long long value);
[[nodiscard]] std::optional<ValueFault> fault_of_real(const Key& key, double value);
[[nodiscard]] std::optional<ValueFault> fault_of_text(const Key& key, std::string_view text);
[[nodiscard]] ValueFault not_readable(const Key& key);

/// The value in the unit of `Key::least`; the largest one if it does not fit.
template <class T>
[[nodiscard]] long long in_range_unit(T value) noexcept {
  if constexpr (is_duration<T>) {
    constexpr auto most = std::chrono::duration_cast<T>(std::chrono::milliseconds::max());
    if (value >= most) return unlimited;
    if (value <= -most) return -unlimited;
    return std::chrono::duration_cast<std::chrono::milliseconds>(value).count();
  } else {
    return std::cmp_greater(value, unlimited) ? unlimited : static_cast<long long>(value);
  }
}

template <class T>
[[nodiscard]] std::optional<ValueFault> check_value(const Key& key, const T& value) {
  if constexpr (is_optional<T>) {
    return value ? check_value(key, *value) : std::nullopt;
  } else if constexpr (std::is_same_v<T, std::string>) {
    return fault_of_text(key, value);
  } else if constexpr (std::is_same_v<T, double>) {
    return fault_of_real(key, value);
  } else if constexpr (is_duration<T> || (std::integral<T> && !std::is_same_v<T, bool>)) {
    return fault_of_range(key, in_range_unit(value));
  } else {
    return std::nullopt;
  }
}

template <class T>
[[nodiscard]] std::optional<ValueFault> set_value(const Key& key, std::string_view text, T& value) {
  if constexpr (is_optional<T>) {
    typename T::value_type inner{};
    auto fault = set_value(key, text, inner);
    if (!fault) value = inner;
    return fault;
  } else if constexpr (std::is_same_v<T, Secret>) {
    value = Secret(text);
    return std::nullopt;
  } else {
    T read{};
    if constexpr (std::is_same_v<T, std::string>) {
      read = std::string(text);
    } else if constexpr (std::is_same_v<T, bool>) {
      const auto flag = read_flag(text);
      if (!flag) return not_readable(key);
      read = *flag;
    } else if constexpr (std::is_enum_v<T>) {
      std::size_t at = 0;
      const std::string word = lower_case(text);
      for (const std::string_view name : Choices<T>::names) {
        if (name == word) break;
        ++at;
      }
      if (at == std::size(Choices<T>::names)) return not_readable(key);
      read = static_cast<T>(at);
    } else if constexpr (std::is_same_v<T, double>) {
      const auto number = read_real(text);
      if (!number) return not_readable(key);
      read = *number;
    } else if constexpr (is_duration<T>) {
      const auto time = read_duration(text);
      if (!time) return not_readable(key);
      if (auto fault = fault_of_range(key, time->count())) return fault;
      read = std::chrono::duration_cast<T>(*time);
      if (read != *time) return ValueFault{"has a part of a second", "use whole seconds"};
    } else {
      const auto number = key.kind == Kind::size ? read_size(text) : read_integer(text);
      if (!number) return not_readable(key);
      if (auto fault = fault_of_range(key, *number)) return fault;
      if (!std::in_range<T>(*number)) return ValueFault{"is too large", "use " + accepted(key)};
      read = static_cast<T>(*number);
    }
    if (auto fault = check_value(key, read)) return fault;
    value = std::move(read);
    return std::nullopt;
  }
}

template <class T>
[[nodiscard]] std::string show_value(const Key& key, const T& value) {
  if constexpr (is_optional<T>) {
    return value ? show_value(key, *value) : std::string();
  } else if constexpr (std::is_same_v<T, Secret>) {
    return value.empty() ? std::string() : std::string("(secret)");
  } else if constexpr (std::is_same_v<T, std::string>) {
    return value;
  } else if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_enum_v<T>) {
    const auto at = static_cast<std::size_t>(value);
    return at < std::size(Choices<T>::names) ? std::string(Choices<T>::names[at]) : std::to_string(at);
  } else if constexpr (std::is_same_v<T, double>) {
    return show_real(value);
  } else if constexpr (is_duration<T>) {
    return show_duration(std::chrono::milliseconds(in_range_unit(value)));
  } else if constexpr (std::is_same_v<T, std::size_t>) {
    return key.kind == Kind::size ? show_size(value) : std::to_string(value);
  } else {
    return std::to_string(value);
  }
}

template <class T>
[[nodiscard]] constexpr Kind kind_of(Kind stated) noexcept {
  if constexpr (is_optional<T>)
    return kind_of<typename T::value_type>(stated);
  else if constexpr (std::is_same_v<T, Secret>)
    return Kind::secret;
  else if constexpr (std::is_same_v<T, bool>)
    return Kind::flag;
  else if constexpr (std::is_enum_v<T>)
    return Kind::choice;
  else if constexpr (std::is_same_v<T, double>)
    return Kind::real;
  else if constexpr (is_duration<T>)
    return Kind::duration;
  else if constexpr (std::integral<T>)
    return stated == Kind::size ? Kind::size : Kind::integer;
  else
    return stated;
}

/// Completes a row of the table for the field that the path of members leads to.
template <class Owner, auto... Path>
[[nodiscard]] constexpr Key with_field(Key key) noexcept {
  using T = std::remove_cvref_t<decltype(field_at<Path...>(std::declval<Owner&>()))>;
  key.kind = kind_of<T>(key.kind);
  if constexpr (std::is_enum_v<T>) key.choices = Choices<T>::names;
  key.access.set = [](const Key& self, void* owner, std::string_view text) {
    return set_value(self, text, field_at<Path...>(*static_cast<Owner*>(owner)));
  };
  key.access.check = [](const Key& self, const void* owner) {
    return check_value(self, field_at<Path...>(*static_cast<const Owner*>(owner)));
  };
  key.access.show = [](const Key& self, const void* owner) {
    return show_value(self, field_at<Path...>(*static_cast<const Owner*>(owner)));
  };
  key.access.equal = [](const void* owner, const void* other) {
    return field_at<Path...>(*static_cast<const Owner*>(owner)) ==
           field_at<Path...>(*static_cast<const Owner*>(other));
  };
  key.access.copy = [](void* to, const void* from) {
    field_at<Path...>(*static_cast<Owner*>(to)) = field_at<Path...>(*static_cast<const Owner*>(from));
  };
  return key;
}

}  // namespace redstart::inline v0::detail
