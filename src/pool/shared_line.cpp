// SPDX-License-Identifier: Apache-2.0
// shared_line.cpp: when a shared connection is opened again.
#include "shared_line.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace redstart::pool {

namespace {

using namespace std::chrono_literals;

// Before a connection is opened again that was closed without having served, or whose server is loading.
constexpr auto pause = 50ms;

}  // namespace

std::shared_ptr<SharedLine> SharedLine::make(std::shared_ptr<LineShop> shop, net::Loop loop) {
  auto line = std::make_shared<SharedLine>(std::move(shop));
  line->connect_to(std::move(loop), net::AsyncConnection::Kind::shared);
  return line;
}

void SharedLine::warm_up() {
  boost::asio::post(connection().loop().executor, [weak = weak_from_this()] {
    if (const auto self = weak.lock(); self && !self->ended()) static_cast<SharedLine&>(*self).want();
  });
}

void SharedLine::refused(const Error& error, Time next) {
  fail_waiting(error);
  if (!shop().stopping.load(std::memory_order_relaxed)) call_at(next, &SharedLine::want);
}

void SharedLine::postponed() { call_at(Clock::now() + pause, &SharedLine::want); }

void SharedLine::opened(net::AsyncConnection& connection) {
  Line::opened(connection);
  has_served_ = false;
  const Time end = retirement(*shop().database, Clock::now(), shop().reachability->random());
  if (end != Time::max()) call_at(end, static_cast<void (Line::*)()>(&SharedLine::retire));
}

void SharedLine::retire() { connection().retire(CloseReason::lifetime); }

void SharedLine::answered(net::AsyncConnection& connection, std::size_t commands, std::size_t errors,
                          std::chrono::nanoseconds latency) {
  has_served_ = true;
  Line::answered(connection, commands, errors, latency);
}

void SharedLine::closed(net::AsyncConnection&, CloseReason reason) {
  note_closed(reason);
  if (shop().stopping.load(std::memory_order_relaxed)) return;
  if (reason == CloseReason::idle) return give_slot_back();
  if (has_served_)
    want();
  else
    call_at(Clock::now() + pause, &SharedLine::want);
}

}  // namespace redstart::pool
