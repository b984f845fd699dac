// SPDX-License-Identifier: Apache-2.0
// reply_sink.hpp: where the engine delivers a reply, whole or as it arrives.
#pragma once

#include <redstart/engine/origin.hpp>
#include <redstart/resp/string_receiver.hpp>
#include <redstart/resp/type.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace redstart::inline v0::engine {

/// Receives one reply that is no error; errors of the server never come here. Called on the thread that
/// reads, in one of three ways: `frame` once; or `begin_bulk`, then the receiver is filled and `end_bulk`
/// follows; or `begin_elements`, `elements` any number of times, `end_elements`. An exchange that breaks off
/// just stops calling.
class ReplySink {
 public:
  /// Notes which server replies. A channel calls it before it delivers anything. `origin` must live until the
  /// exchange has ended.
  void comes_from(const Origin& origin) noexcept { origin_ = &origin; }

  /// The complete reply. The view lives during the call.
  virtual void frame(std::string_view bytes) = 0;

  /// A bulk string of `size` bytes is on its way: returns where to receive it, or null to get it as a frame.
  virtual resp::StringReceiver* begin_bulk(std::size_t size) {
    static_cast<void>(size);
    return nullptr;
  }
  virtual void end_bulk() {}

  /// An aggregate is on its way: true to get its elements as they arrive, false to get it as a frame.
  virtual bool begin_elements(resp::Type type, std::size_t declared) {
    static_cast<void>(type);
    static_cast<void>(declared);
    return false;
  }
  /// Some complete elements. Returns how many bytes were taken; the rest comes again, with more behind it.
  virtual std::size_t elements(std::string_view bytes) { return bytes.size(); }
  virtual void end_elements() {}

 protected:
  ReplySink() = default;
  ReplySink(const ReplySink&) = default;
  ReplySink& operator=(const ReplySink&) = default;
  ~ReplySink() = default;

  /// The server that replies. Preconditions: something is being delivered.
  [[nodiscard]] const Origin& origin() const noexcept { return *origin_; }

 private:
  const Origin* origin_ = nullptr;
};

}  // namespace redstart::inline v0::engine
