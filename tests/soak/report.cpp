// SPDX-License-Identifier: Apache-2.0
// report.cpp: writes the table, the last line and the JSON of a soak.
#include "report.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <fstream>
#include <iomanip>
#include <stdexcept>

namespace redstart::soak {
namespace {

constexpr Outcome shown[] = {Outcome::ok, Outcome::server_error, Outcome::not_sent, Outcome::indeterminate};

std::size_t sum(const FaultCounts& faults) {
  std::size_t n = 0;
  for (const auto& [name, count] : faults) n += count;
  return n;
}

long long in_ms(std::chrono::nanoseconds time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

double in_mib(std::size_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

void write_operations(std::ostream& out, const Run& run) {
  out << "\n  " << std::left << std::setw(18) << "operations" << std::right;
  for (const Outcome outcome : shown) out << std::setw(15) << to_string(outcome);
  out << '\n';
  for (std::size_t i = 0; i < kinds; ++i) {
    const auto kind = static_cast<Kind>(i);
    out << "  " << std::left << std::setw(18) << to_string(kind) << std::right;
    for (const Outcome outcome : shown) out << std::setw(15) << run.completed(kind, outcome);
    out << '\n';
  }
  out << "  " << std::left << std::setw(18) << "all" << std::right;
  for (const Outcome outcome : shown) out << std::setw(15) << run.completed(outcome);
  out << '\n';
  if (run.skipped != 0) out << "  not issued, because too many were pending: " << run.skipped << '\n';
}

}  // namespace

void write_table(std::ostream& out, const Run& run, const FaultCounts& faults, const Watched& watched) {
  write_operations(out, run);
  out << "\n  faults            " << std::setw(15) << sum(faults) << '\n';
  for (const auto& [name, count] : faults)
    out << "  " << std::left << std::setw(24) << name << std::right << std::setw(9) << count << '\n';
  out << "\n  events\n";
  for (const auto& [name, count] : watched.events)
    out << "  " << std::left << std::setw(27) << name << std::right << std::setw(6) << count << '\n';
  out << std::fixed << std::setprecision(1) << "\n  most connections of a database "
      << watched.most_connections << ", most in flight " << watched.most_in_flight << ", most queued "
      << in_mib(watched.most_queued_bytes) << " MiB, resident " << in_mib(watched.resident_before)
      << " MiB, at most " << in_mib(watched.resident_most) << " MiB\n";
  out << "  sent as probes of a breaker: " << watched.probes
      << ", sent again with at_least_once: " << watched.twice << '\n';
  const auto recoveries = run.recovery.times();
  out << "  from healed to the first success of every kind of caller: " << recoveries.size() << " times, p50 "
      << in_ms(run.recovery.percentile(0.5)) << " ms, p99 " << in_ms(run.recovery.percentile(0.99))
      << " ms, at most " << in_ms(run.recovery.percentile(1)) << " ms; " << run.recovery.cut_short()
      << " were cut short by the next fault\n";
  for (const Recovery::Case& one : run.recovery.slowest(5)) out << "    " << Recovery::describe(one) << '\n';
  out << "\n  violations        " << std::setw(15) << run.violations.count() << '\n';
  for (const auto& [invariant, count] : run.violations.counts())
    out << "  " << std::left << std::setw(24) << invariant << std::right << std::setw(9) << count << '\n';
  for (const std::string& text : run.violations.texts()) out << "    " << text << '\n';
  out << '\n';
}

void write_last_line(std::ostream& out, const Run& run, const FaultCounts& faults) {
  out << "soak: operations=" << run.completed() << " verified=" << run.verified
      << " indeterminate=" << run.completed(Outcome::indeterminate) << " faults=" << sum(faults)
      << " violations=" << run.violations.count()
      << " recovery_p50_ms=" << in_ms(run.recovery.percentile(0.5))
      << " recovery_p99_ms=" << in_ms(run.recovery.percentile(0.99)) << std::endl;
}

void write_json(const std::string& path, const Run& run, const FaultCounts& faults, const Watched& watched) {
  nlohmann::json all{{"seed", run.options().seed},
                     {"seconds", run.options().seconds},
                     {"rate", run.options().rate},
                     {"operations", run.completed()},
                     {"verified", run.verified.load()},
                     {"faults", faults},
                     {"events", watched.events},
                     {"probes", watched.probes},
                     {"sent_again", watched.twice},
                     {"violations", run.violations.counts()},
                     {"violation_texts", run.violations.texts()},
                     {"resident_before", watched.resident_before},
                     {"resident_most", watched.resident_most}};
  for (const Outcome outcome : shown)
    all["outcomes"][std::string(to_string(outcome))] = run.completed(outcome);
  all["recovery_cut_short"] = run.recovery.cut_short();
  all["recovery_ms"] = nlohmann::json::array();
  for (const auto time : run.recovery.times()) all["recovery_ms"].push_back(in_ms(time));
  std::ofstream file(path);
  file << all.dump(2) << '\n';
  if (!file.flush()) throw std::runtime_error("can't write " + path);
}

}  // namespace redstart::soak
