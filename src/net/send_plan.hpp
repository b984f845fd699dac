// SPDX-License-Identifier: Apache-2.0
// send_plan.hpp: orders the pieces of a request for sending.
#pragma once

#include <redstart/engine/request.hpp>

#include <sys/uio.h>
#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace redstart::inline v0::net {

/// Combines encoded bytes with the large arguments between them, and tracks how much has been sent.
class SendPlan {
 public:
  explicit SendPlan(const engine::Outgoing& out) : bytes_(out.bytes), size_(out.bytes.size()) {
    if (out.external.empty()) return;
    std::size_t at = 0;
    for (const resp::External& external : out.external) {
      append(out.bytes.data() + at, external.offset - at);
      append(external.data, external.size);
      at = external.offset;
      size_ += external.size;
    }
    append(out.bytes.data() + at, out.bytes.size() - at);
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// True if the request is one contiguous piece: `bytes()` returns the rest of it. Otherwise `pieces()`
  /// does.
  [[nodiscard]] bool simple() const noexcept { return pieces_.empty(); }
  [[nodiscard]] bool done() const noexcept { return sent_ == size_; }
  [[nodiscard]] std::span<const char> bytes() const noexcept { return bytes_.substr(sent_); }
  [[nodiscard]] std::span<const iovec> pieces() const noexcept {
    constexpr std::size_t most = 1024;  // IOV_MAX
    return std::span(pieces_).subspan(next_, std::min(most, pieces_.size() - next_));
  }

  void advance(std::size_t n) noexcept {
    sent_ += n;
    for (; next_ < pieces_.size(); ++next_) {
      iovec& piece = pieces_[next_];
      if (n < piece.iov_len) {
        piece.iov_base = static_cast<char*>(piece.iov_base) + n;
        piece.iov_len -= n;
        return;
      }
      n -= piece.iov_len;
    }
  }

 private:
  void append(const char* data, std::size_t size) {
    if (size != 0) pieces_.push_back({const_cast<char*>(data), size});  // iovec has no const form
  }

  std::string_view bytes_;
  std::size_t size_;
  std::size_t sent_ = 0;
  std::size_t next_ = 0;
  std::vector<iovec> pieces_{};
};

}  // namespace redstart::inline v0::net
