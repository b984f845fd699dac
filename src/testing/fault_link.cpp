// SPDX-License-Identifier: Apache-2.0
// fault_link.cpp: matches messages to rules and applies their faults.
#include "fault_link.hpp"

#include <algorithm>
#include <utility>

namespace redstart::inline v0::testing::detail {
namespace {

constexpr std::array replies_first{Direction::to_client, Direction::to_server};

bool of_a_message(FaultKind kind) noexcept {
  return kind == FaultKind::swallow || kind == FaultKind::duplicate || kind == FaultKind::swap;
}

}  // namespace

void FaultLink::add(const FaultRule& rule) {
  using When = FaultTrigger::Kind;
  switch (rule.trigger.kind) {
    case When::now: return fire(rule);
    case When::bytes: return lane(rule.trigger.direction).pipe.after_sent(rule);
    case When::request:
    case When::reply: break;
  }
  Lane& at = lane(rule.trigger.kind == When::request ? Direction::to_server : Direction::to_client);
  // The rule doesn't apply to a message that has been sent in part.
  at.rules.push_back({rule, at.messages + (at.reader.part_taken() ? 1 : 0), 0});
}

void FaultLink::heal(TimePoint now) {
  for (Lane& each : lanes_) {
    each.pipe.heal();
    each.rules.clear();
    if (each.swapped) each.pipe.push(std::move(*each.swapped), now);
    each.swapped.reset();
    each.pipe.push(each.reader.take_part(), now);
  }
}

void FaultLink::release() noexcept {
  for (Lane& each : lanes_) each.pipe.release();
}

void FaultLink::receive(Direction direction, std::string_view bytes, TimePoint now, std::vector<Seen>& seen) {
  Lane& from = lane(direction);
  from.reader.feed(bytes);
  while (auto message = from.reader.next()) take_message(direction, std::move(*message), now, seen);
  // The beginning of a message has to wait for its end only if a rule may apply to the whole message.
  if (from.rules.empty() && !from.swapped) from.pipe.push(from.reader.take_part(), now);
  if (from.reader.foreign()) from.pipe.push(from.reader.take_part(), now);
}

void FaultLink::receive_end(Direction direction, TimePoint now) {
  Lane& from = lane(direction);
  if (from.swapped) from.pipe.push(std::move(*from.swapped), now);
  from.swapped.reset();
  from.pipe.push(from.reader.take_part(), now);
  from.pipe.push_end();
}

std::vector<FaultRule> FaultLink::met_rules(Lane& from, std::string_view command) {
  std::vector<FaultRule> met;
  std::erase_if(from.rules, [&](MessageRule& each) {
    const FaultTrigger& trigger = each.rule.trigger;
    if (from.messages <= each.after || (!trigger.command.empty() && trigger.command != command)) return false;
    if (++each.met < trigger.number) return false;
    met.push_back(each.rule);
    return true;
  });
  return met;
}

void FaultLink::take_message(Direction direction, MessageReader::Message message, TimePoint now,
                             std::vector<Seen>& seen) {
  Lane& from = lane(direction);
  if (message.push) return from.pipe.push(std::move(message.bytes), now);
  std::string command = message.name;
  if (direction == Direction::to_client) {
    command.clear();
    if (!unanswered_.empty()) {
      command = std::move(unanswered_.front());
      unanswered_.pop_front();
    }
  }
  ++from.messages;
  seen.push_back({direction, from.messages, command});

  std::size_t copies = 1;
  bool swap = false;
  for (FaultRule& rule : met_rules(from, command)) {
    const FaultKind kind = rule.action.kind;
    if (!of_a_message(kind)) {
      from.pipe.after_queued(rule);  // after everything before this message has been sent
      continue;
    }
    if (kind == FaultKind::swallow) copies = 0;
    if (kind == FaultKind::duplicate) ++copies;
    if (kind == FaultKind::swap) swap = true;
    fire(rule);
  }
  if (direction == Direction::to_server && !from.pipe.discards())
    unanswered_.insert(unanswered_.end() - (from.swapped && !unanswered_.empty() ? 1 : 0), copies, command);

  std::string bytes;
  for (std::size_t i = 0; i < copies; ++i) bytes += message.bytes;
  if (swap && !from.swapped) {
    from.swapped = std::move(bytes);
    return;
  }
  from.pipe.push(std::move(bytes), now);
  if (from.swapped) from.pipe.push(std::move(*from.swapped), now);
  from.swapped.reset();
}

void FaultLink::fire(const FaultRule& rule) {
  ++fired_;
  if (rule.fired) ++rule.fired->times;
  switch (rule.action.kind) {
    case FaultKind::reset: end_ = End::reset; return;
    case FaultKind::close: end_ = End::close; return;
    case FaultKind::silent:
      for (Lane& each : lanes_) each.pipe.apply(rule.action);
      return;
    default: return lane(rule.action.direction).pipe.apply(rule.action);
  }
}

std::string_view FaultLink::ready(Direction direction, TimePoint now) {
  for (const Direction each : replies_first) {
    for (const FaultRule& rule : lane(each).pipe.take_due()) fire(rule);
  }
  if (end_ != End::none) return {};
  return lane(direction).pipe.ready(now);
}

FaultLink::End FaultLink::end() const noexcept {
  if (end_ != End::none) return end_;
  for (const Lane& each : lanes_) {
    if (each.broken && !each.pipe.blocked() && each.pipe.empty()) return End::reset;
  }
  return End::none;
}

std::optional<TimePoint> FaultLink::next_time(TimePoint now) const {
  std::optional<TimePoint> next;
  for (const Lane& each : lanes_) {
    const std::optional<TimePoint> at = each.pipe.next_time(now);
    if (at && (!next || *at < *next)) next = at;
  }
  return next;
}

}  // namespace redstart::inline v0::testing::detail
