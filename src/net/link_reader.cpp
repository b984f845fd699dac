// SPDX-License-Identifier: Apache-2.0
// link_reader.cpp: reads a share of bytes per turn.
#include "link_reader.hpp"

#include "../core/probes.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace redstart::inline v0::net {

namespace {

constexpr std::size_t max_bytes_read_per_turn = std::size_t{256} * 1024;
constexpr std::size_t min_room = std::size_t{4} * 1024;

}  // namespace

// Saves undelivered bytes when a turn stops receiving, also if users' code throws. The next turn continues
// there.
class LinkReader::SaveUndelivered {
 public:
  SaveUndelivered(LinkReader& reader, engine::ReplyBuffer& window, const char* borrowed) noexcept
      : reader_(reader), window_(window), borrowed_(borrowed) {}
  SaveUndelivered(const SaveUndelivered&) = delete;
  SaveUndelivered& operator=(const SaveUndelivered&) = delete;
  ~SaveUndelivered() {
    if (!reader_.core_.ready()) return;  // closed
    if (!done_) reader_.more_ = true;
    reader_.drop_delivered(window_);
    if (window_.size() == 0) return;
    if (window_.view().data() != borrowed_) {
      reader_.partial_ = std::move(window_);
      return;
    }
    engine::ReplyBuffer copy;
    copy.reserve(window_.size());
    std::memcpy(copy.end(), window_.view().data(), window_.size());
    copy.commit(window_.size());
    reader_.partial_ = std::move(copy);
  }
  void done() noexcept { done_ = true; }

 private:
  LinkReader& reader_;
  engine::ReplyBuffer& window_;
  const char* borrowed_;
  bool done_ = false;
};

void LinkReader::received(std::size_t n) {
  if (partial_.size() == 0) REDSTART_PROBE(first_byte, 0, core_.identity(), n);
  core_.received();
  const bool more = n == inline_size;
  if (partial_.size() == 0 && !more) {
    engine::ReplyBuffer window(inline_, inline_size);
    window.commit(n);
    return receive(std::move(window), inline_, false);
  }
  const auto append = [this, n](engine::ReplyBuffer& window) {
    window.reserve(n);
    std::memcpy(window.end(), inline_, n);
    window.commit(n);
  };
  if (partial_.size() != 0) {
    engine::ReplyBuffer window = std::move(partial_);
    append(window);
    return receive(std::move(window), nullptr, more);
  }
  const Scratch scratch;
  engine::ReplyBuffer window(scratch.data(), Scratch::size);
  append(window);
  receive(std::move(window), scratch.data(), true);
}

void LinkReader::resume() {
  more_ = false;
  if (partial_.size() != 0) return receive(std::move(partial_), nullptr, true);
  const Scratch scratch;
  receive(engine::ReplyBuffer(scratch.data(), Scratch::size), scratch.data(), true);
}

// Delivers the replies in the window, then reads into it while there is `more`. `borrowed`: the memory of the
// window if it does not own it.
void LinkReader::receive(engine::ReplyBuffer window, const char* borrowed, bool more) {
  SaveUndelivered rest(*this, window, borrowed);
  for (std::size_t left = max_bytes_read_per_turn;;) {
    if (!core_.deliver(window.view())) return;
    if (!more) break;
    if (left == 0) return;  // let other connections of this loop run
    drop_delivered(window);
    // Grows with the received bytes and not with the declared size, so that a peer can't make it allocate.
    if (window.space() < min_room) window.reserve(min_room);
    const std::size_t wanted = std::min(window.space(), left);
    const IoResult result = stream_.read_some(window.end(), wanted);
    if (result.error == EAGAIN) break;
    if (result.bytes == 0) {
      const int error = result.error == 0 ? protocol::end_of_stream : result.error;
      return core_.lose(protocol::broken_by(error, false, Effect::none, core_.now()));
    }
    window.commit(result.bytes);
    left -= result.bytes;
    more = result.bytes == wanted;
  }
  if (!core_.awaits_reply() && stream_.tls && stream_.tls->holds_bytes())
    return core_.lose(protocol::unsolicited_reply(core_.now()));
  rest.done();
}

void LinkReader::close() noexcept {
  more_ = false;
  partial_ = engine::ReplyBuffer();
}

}  // namespace redstart::inline v0::net
