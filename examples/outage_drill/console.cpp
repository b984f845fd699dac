// SPDX-License-Identifier: Apache-2.0
// console.cpp: the drill's lines and tables.
#include "console.hpp"

#include "../tour/text.hpp"

#include <chrono>
#include <iostream>

namespace drill {
namespace {

using tour::grouped;
using tour::left;
using tour::right;

std::string in_seconds(Clock::duration time) {
  return tour::fixed(std::chrono::duration<double>(time).count(), 1) + " s";
}

std::string in_ms(const std::optional<Clock::duration>& time) {
  if (!time) return "never";
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(*time).count();
  return ms == 0 ? "< 1 ms" : std::to_string(ms) + " ms";
}

std::string latency(const Slice& slice, double fraction) {
  return slice.latency.count() == 0 ? "-" : tour::readable(slice.latency.percentile(fraction));
}

// While it loads, also the server's estimate of the remaining time.
std::string state(const Slice& slice) {
  std::string text(to_string(slice.state));
  if (slice.loading_eta) text += " (" + std::to_string(slice.loading_eta->count()) + " s)";
  return text;
}

void verdict(bool holds, const std::string& what) {
  std::cout << (holds ? "  ok        " : "  VIOLATED  ") << what << '\n';
}

}  // namespace

void print_heading() {
  std::cout << '\n'
            << right("time", 6) << "  " << left("what happens", 24) << left("state", 15)
            << left("breaker", 11) << right("ok/s", 7) << right("not sent", 10) << right("indeterminate", 15)
            << right("p50", 9) << right("p99", 9) << std::endl;
}

void print_second(long second, const std::string& phase, const Slice& sum) {
  std::cout << right(std::to_string(second) + " s", 6) << "  " << left(phase, 24) << left(state(sum), 15)
            << left(std::string(to_string(sum.breaker)), 11) << right(grouped(sum.count(Fate::ok)), 7)
            << right(grouped(sum.count(Fate::not_sent)), 10)
            << right(grouped(sum.count(Fate::indeterminate)), 15) << right(latency(sum, 0.5), 9)
            << right(latency(sum, 0.99), 9) << std::endl;
}

bool print_proof(const std::vector<std::unique_ptr<Book>>& books, const Stored& stored, const Slice& all,
                 const redstart::DatabaseStats& stats) {
  std::uint64_t acknowledged = 0;
  std::uint64_t unknown = 0;
  std::uint64_t in_store = 0;
  std::uint64_t checked = 0;
  std::uint64_t wrong = 0;
  std::uint64_t sets = 0;
  std::uint64_t gone = 0;
  std::size_t lost = 0;
  std::size_t doubled = 0;
  for (std::size_t i = 0; i < books.size(); ++i) {
    const Book& book = *books[i];
    acknowledged += book.acknowledged;
    unknown += book.unknown;
    in_store += stored[i];
    checked += book.checked;
    wrong += book.wrong;
    sets += book.sets;
    gone += book.gone;
    lost += stored[i] < book.acknowledged ? 1U : 0U;
    doubled += stored[i] > book.acknowledged + book.unknown ? 1U : 0U;
  }
  std::cout << "\nThe proof\n";
  verdict(lost == 0, "nothing lost: " + grouped(acknowledged) + " increments were acknowledged, " +
                         grouped(in_store) + " are stored (each of " + grouped(books.size()) +
                         " counters holds at least its own)");
  verdict(gone == 0, "nothing gone: " + grouped(sets) + " SETs were acknowledged, " + grouped(gone) +
                         " GETs found something older, or nothing");
  verdict(doubled == 0, "nothing done twice: no counter holds more than acknowledged + indeterminate (" +
                            grouped(acknowledged) + " + " + grouped(unknown) + ")");
  verdict(wrong == 0,
          "own replies: " + grouped(checked) + " checked, " + grouped(wrong) + " went to the wrong caller");
  std::cout << "            " << grouped(all.count(Fate::ok)) << " ok, " << grouped(all.count(Fate::not_sent))
            << " not sent, " << grouped(all.count(Fate::indeterminate)) << " indeterminate, "
            << grouped(all.count(Fate::server_error)) << " server errors; "
            << grouped(stats.operations.retries) << " retries; the breaker changed "
            << grouped(stats.breaker_changes) << " times; " << grouped(stats.pool.created)
            << " connections opened\n";
  return lost == 0 && gone == 0 && doubled == 0 && wrong == 0;
}

bool print_outages(const std::vector<Outage>& outages) {
  std::cout << "\n  " << left("outage", 26) << right("lasted", 8) << "   first success after it was healed\n";
  bool all_back = true;
  for (const Outage& outage : outages) {
    all_back = all_back && outage.everybody_back().has_value();
    std::cout << "  " << left(outage.name, 26) << right(in_seconds(outage.healed - outage.began), 8)
              << "   threads " << right(in_ms(outage.back[0]), 7) << ", coroutines "
              << right(in_ms(outage.back[1]), 7) << '\n';
  }
  return all_back;
}

}  // namespace drill
