// SPDX-License-Identifier: Apache-2.0
// fault_pipe.cpp: delays, limits and corrupts bytes in one direction.
#include "fault_pipe.hpp"

#include <algorithm>
#include <utility>

namespace redstart::inline v0::testing::detail {
namespace {

// The capacity of a pipe. Beyond that, the sender fills the buffers of its kernel.
constexpr std::size_t limit_flowing = std::size_t{1} << 20;
constexpr std::size_t limit_blocked = std::size_t{64} << 20;
constexpr std::chrono::milliseconds gate_pace{1};  // poll interval for gates

}  // namespace

void FaultPipe::apply(const FaultAction& action) {
  switch (action.kind) {
    case FaultKind::stop_reading: stops_reading_ = true; break;
    case FaultKind::stop_writing:
    case FaultKind::silent: stops_writing_ = true; break;
    case FaultKind::discard:
      discards_ = true;
      pieces_.clear();
      pushed_ = sent_;
      offset_ = 0;
      break;
    case FaultKind::half_close: cut_ = true; break;
    case FaultKind::hold:
      gate_ = action.gate;
      held_ = !action.gate;
      break;
    case FaultKind::slice:
      slice_ = std::max<std::size_t>(action.size, 1);
      interval_ = action.least;
      break;
    case FaultKind::corrupt: masks_.push_back(static_cast<unsigned char>(action.size)); break;
    case FaultKind::latency:
      least_ = action.least;
      most_ = std::max(action.least, action.most);
      break;
    case FaultKind::bandwidth: rate_ = std::max<std::size_t>(action.size, 1); break;
    case FaultKind::reset:
    case FaultKind::close:
    case FaultKind::swallow:
    case FaultKind::duplicate:
    case FaultKind::swap: break;  // faults of the connection or of messages
  }
}

void FaultPipe::heal() {
  waiting_.clear();
  masks_.clear();
  stops_reading_ = stops_writing_ = discards_ = held_ = false;
  gate_.reset();
  slice_ = rate_ = 0;
  least_ = most_ = {};
  not_before_ = last_release_ = {};
  for (Piece& piece : pieces_) piece.release = {};
}

void FaultPipe::wait_for(std::uint64_t at, const FaultRule& rule) {
  const auto later = [](std::uint64_t place, const Waiting& waiting) { return place < waiting.at; };
  waiting_.insert(std::upper_bound(waiting_.begin(), waiting_.end(), at, later), Waiting{at, rule});
}

std::chrono::nanoseconds FaultPipe::delay() {
  if (most_ <= least_) return least_;
  const auto width = static_cast<std::uint64_t>((most_ - least_).count()) + 1;
  return least_ + std::chrono::nanoseconds(static_cast<std::int64_t>(random_() % width));
}

void FaultPipe::push(std::string bytes, TimePoint now) {
  if (bytes.empty() || discards()) return;
  pushed_ += bytes.size();
  TimePoint release{};
  if (most_.count() > 0) release = last_release_ = std::max(last_release_, deadline_after(now, delay()));
  pieces_.push_back({std::move(bytes), release});
}

std::vector<FaultRule> FaultPipe::take_due() {
  std::vector<FaultRule> due;
  while (!waiting_.empty() && waiting_.front().at <= sent_) {
    due.push_back(std::move(waiting_.front().rule));
    waiting_.erase(waiting_.begin());
  }
  return due;
}

bool FaultPipe::blocked() const noexcept { return stops_writing_ || held_ || (gate_ && !gate_->is_open()); }

std::string_view FaultPipe::ready(TimePoint now) {
  if (cut_ || blocked() || pieces_.empty() || now < not_before_ || now < pieces_.front().release) return {};
  std::string& bytes = pieces_.front().bytes;
  for (const unsigned char mask : std::exchange(masks_, {}))
    bytes[offset_] = static_cast<char>(static_cast<unsigned char>(bytes[offset_]) ^ mask);
  std::size_t size = bytes.size() - offset_;
  if (!waiting_.empty())
    size = static_cast<std::size_t>(std::min<std::uint64_t>(size, waiting_.front().at - sent_));
  if (slice_ > 0) size = std::min(size, slice_);
  if (rate_ > 0) size = std::min(size, std::max<std::size_t>(rate_ / 100, 1));  // 100 pieces per second
  return std::string_view(bytes).substr(offset_, size);
}

void FaultPipe::sent(std::size_t size, TimePoint now) {
  sent_ += size;
  offset_ += size;
  if (offset_ == pieces_.front().bytes.size()) {
    pieces_.pop_front();
    offset_ = 0;
  }
  if (slice_ > 0) not_before_ = deadline_after(now, interval_);
  if (rate_ > 0) {
    const auto cost = std::chrono::nanoseconds(static_cast<std::int64_t>(size * 1'000'000'000 / rate_));
    not_before_ = std::max(not_before_, now) + cost;
  }
}

bool FaultPipe::take_end() {
  if (ended_) return false;  // rules that wait for more bytes never match
  if (!cut_ && (!end_pushed_ || !pieces_.empty() || blocked())) return false;
  ended_ = true;
  pieces_.clear();
  return true;
}

bool FaultPipe::wants_read() const noexcept {
  if (stops_reading_ || end_pushed_) return false;
  return pushed_ - sent_ < (blocked() ? limit_blocked : limit_flowing);
}

std::optional<TimePoint> FaultPipe::next_time(TimePoint now) const {
  if (gate_ && !gate_->is_open()) return now + gate_pace;
  if (pieces_.empty() || cut_ || blocked()) return std::nullopt;
  const TimePoint at = std::max(not_before_, pieces_.front().release);
  return at > now ? std::optional(at) : std::nullopt;
}

}  // namespace redstart::inline v0::testing::detail
