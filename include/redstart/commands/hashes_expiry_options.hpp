// SPDX-License-Identifier: Apache-2.0
// hashes_expiry_options.hpp: options and replies of commands on fields that expire.
#pragma once

#include <redstart/commands/argument.hpp>
#include <redstart/commands/command_info.hpp>
#include <redstart/commands/expiry.hpp>
#include <redstart/commands/only_if.hpp>
#include <redstart/resp/decode.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace redstart::inline v0 {

/// The result of HEXPIRE and similar commands for one field.
enum class FieldExpiry : std::int8_t {
  no_field = -2,  ///< There is no such field.
  unchanged = 0,  ///< The condition was not met.
  set = 1,        ///< The field expires at that time.
  deleted = 2,    ///< The time has passed, so the field was deleted.
};

/// The result of HPERSIST for one field.
enum class FieldPersisted : std::int8_t {
  no_field = -2,   ///< There is no such field.
  no_expiry = -1,  ///< The field did not expire.
  done = 1,        ///< The field does not expire any more.
};

/// Options of HSETEX.
struct HsetexOptions {
  std::optional<Expiry> expire{};   ///< EX, PX, EXAT, PXAT or KEEPTTL; unset: the fields do not expire.
  OnlyIf only_if = OnlyIf::always;  ///< FNX, FXX: only if none, or all, of the fields exist.

  template <class Put>
  void arguments(Put& put) const {
    constexpr std::string_view words[] = {"", "FNX", "FXX"};
    put(detail::Keyword{words[static_cast<std::uint8_t>(only_if)]});
    if (expire) put(*expire);
  }
  /// A second HSETEX … FNX returns another reply than the first.
  [[nodiscard]] Retry retry(Retry category) const noexcept {
    return only_if == OnlyIf::always ? category : Retry::accumulating;
  }
};

namespace detail {

/// `FIELDS count field [field …]`, or with pairs `FIELDS count field value [field value …]`.
template <ManyArguments Range>
class Fields {
 public:
  constexpr Fields(const Range& fields) : fields_(fields) {}

  template <class Put>
  void arguments(Put& put) const {
    put("FIELDS", fields_);
  }
  [[nodiscard]] bool is_empty() const { return fields_.is_empty(); }

 private:
  Counted<Range> fields_;
};

}  // namespace detail
}  // namespace redstart::inline v0

template <>
struct redstart::resp::decoder<redstart::FieldExpiry> {
  static void decode(Cursor& cursor, FieldExpiry& out) {
    std::int8_t number = 0;
    decoder<std::int8_t>::decode(cursor, number);
    out = static_cast<FieldExpiry>(number);
  }
};

template <>
struct redstart::resp::decoder<redstart::FieldPersisted> {
  static void decode(Cursor& cursor, FieldPersisted& out) {
    std::int8_t number = 0;
    decoder<std::int8_t>::decode(cursor, number);
    out = static_cast<FieldPersisted>(number);
  }
};
