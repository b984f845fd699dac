// SPDX-License-Identifier: Apache-2.0
// exposition_parser.hpp: a strict reader of pages for Prometheus.
#pragma once

#include <redstart/observe/stats_text.hpp>

#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::test {

struct Sample {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;
};

struct Family {
  std::string name;
  std::string type;
  std::string help;
  std::vector<Sample> samples;
};

/// Reads a page of text format 0.0.4 or OpenMetrics 1.0. It accepts less than the formats allow: each family
/// has HELP, TYPE and at least one sample, in that order and in one place, and no time stamps.
///
/// Errors: std::runtime_error for anything else.
class ExpositionParser {
 public:
  ExpositionParser(std::string_view page, MetricsFormat format)
      : rest_(page), open_metrics_(format == MetricsFormat::open_metrics) {}

  [[nodiscard]] std::vector<Family> parse() {
    if (rest_.empty() || rest_.back() != '\n') fail("the last line does not end");
    bool ended = false;
    while (!rest_.empty()) {
      const std::size_t end = rest_.find('\n');
      line_ = rest_.substr(0, end);
      rest_.remove_prefix(end + 1);
      if (ended) fail("a line behind EOF");
      if (line_ == "# EOF" && open_metrics_)
        ended = true;
      else if (line_.starts_with("# HELP "))
        help();
      else if (line_.starts_with("# TYPE "))
        type();
      else
        sample();
    }
    if (open_metrics_ && !ended) fail("no EOF");
    for (const Family& family : families_) check(family);
    return std::move(families_);
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw std::runtime_error(why + ": " + std::string(line_));
  }
  void require(bool condition, const char* why) const {
    if (!condition) fail(why);
  }

  static bool is_name(std::string_view text, bool colons) {
    if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
    for (const char c : text) {
      const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
      if (!letter && !(c >= '0' && c <= '9') && !(colons && c == ':')) return false;
    }
    return true;
  }

  // Takes a name that ends before `end`, which it takes too.
  std::string take_name(std::string_view& text, char end, bool colons) const {
    const std::size_t size = text.find(end);
    require(size != std::string_view::npos, "no end of a name");
    std::string name(text.substr(0, size));
    require(is_name(name, colons), "no name");
    text.remove_prefix(size + 1);
    return name;
  }

  // Takes text up to `end`, which is taken too, and undoes the escaping. `end` 0: up to the end of the line.
  std::string take_escaped(std::string_view& text, char end) const {
    std::string value;
    for (;;) {
      if (text.empty()) {
        require(end == '\0', "no end of a value");
        return value;
      }
      const char c = text.front();
      text.remove_prefix(1);
      if (c == end && end != '\0') return value;
      require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "a control character");
      if (c != '\\') {
        value += c;
        continue;
      }
      require(!text.empty(), "an escape without a character");
      const char escaped = text.front();
      text.remove_prefix(1);
      require(escaped == '\\' || escaped == 'n' || (escaped == '"' && end == '"'), "an unknown escape");
      value += escaped == 'n' ? '\n' : escaped;
    }
  }

  void help() {
    std::string_view text = line_.substr(7);
    Family family;
    family.name = take_name(text, ' ', true);
    require(names_.insert(family.name).second, "a family in two places");
    require(families_.empty() || !families_.back().samples.empty(), "a family without samples");
    family.help = take_escaped(text, '\0');
    require(!family.help.empty(), "no help");
    families_.push_back(std::move(family));
  }

  void type() {
    std::string_view text = line_.substr(7);
    const std::string name = take_name(text, ' ', true);
    require(!families_.empty() && families_.back().name == name, "TYPE does not follow HELP");
    Family& family = families_.back();
    require(family.type.empty() && family.samples.empty(), "TYPE twice, or behind a sample");
    require(text == "counter" || text == "gauge" || text == "histogram" || (text == "info" && open_metrics_),
            "an unknown type");
    family.type = text;
  }

  void sample() {
    std::string_view text = line_;
    Sample sample;
    const std::size_t end = text.find_first_of("{ ");
    require(end != std::string_view::npos, "neither labels nor a value");
    sample.name = text.substr(0, end);
    require(is_name(sample.name, true), "no name");
    const bool labelled = text[end] == '{';
    text.remove_prefix(end + 1);
    while (labelled) {
      const std::string label = take_name(text, '=', false);
      require(!label.starts_with("__"), "a reserved label");
      require(text.starts_with('"'), "no value of a label");
      text.remove_prefix(1);
      require(sample.labels.emplace(label, take_escaped(text, '"')).second, "a label twice");
      if (text.starts_with("} ")) {
        text.remove_prefix(2);
        break;
      }
      require(text.starts_with(','), "no comma between labels");
      text.remove_prefix(1);
    }
    sample.value = number(text);
    require(!families_.empty() && belongs(sample, families_.back()), "a sample outside of its family");
    require(series_.emplace(sample.name, sample.labels).second, "a series twice");
    families_.back().samples.push_back(std::move(sample));
  }

  double number(std::string_view text) const {
    require(!text.empty() && text.find_first_not_of("0123456789.e+-") == std::string_view::npos, "no number");
    const std::string copy(text);
    char* end = nullptr;
    const double value = std::strtod(copy.c_str(), &end);
    require(end == copy.c_str() + copy.size() && std::isfinite(value), "no number");
    return value;
  }

  // In OpenMetrics, samples of counters and infos have a suffix that the family has not.
  [[nodiscard]] bool belongs(const Sample& sample, const Family& family) const {
    if (family.type.empty()) return false;
    if (family.type == "histogram") {
      return (sample.name == family.name + "_bucket" && sample.labels.contains("le")) ||
             sample.name == family.name + "_sum" || sample.name == family.name + "_count";
    }
    if (sample.labels.contains("le")) return false;
    if (family.type == "info") return sample.name == family.name + "_info";
    if (family.type == "counter") {
      const std::string name = open_metrics_ ? family.name + "_total" : family.name;
      return sample.name == name && name.ends_with("_total") && sample.value >= 0;
    }
    return sample.name == family.name;
  }

  // The buckets of each histogram are cumulative, end with +Inf, and agree with count and sum.
  void check(const Family& family) {
    line_ = family.name;
    require(!family.samples.empty(), "a family without samples");
    if (family.type != "histogram") return;
    struct Histogram {
      double bound = -1;
      double below = 0;
      bool whole = false;
      double count = -1;
      double sum = -1;
    };
    std::map<std::map<std::string, std::string>, Histogram> all;
    for (const Sample& sample : family.samples) {
      auto labels = sample.labels;
      labels.erase("le");
      Histogram& histogram = all[labels];
      if (sample.name.ends_with("_bucket")) {
        const std::string& text = sample.labels.at("le");
        const double bound = text == "+Inf" ? HUGE_VAL : number(text);
        require(bound > histogram.bound && sample.value >= histogram.below, "buckets out of order");
        histogram.bound = bound;
        histogram.below = sample.value;
        histogram.whole = bound == HUGE_VAL;
      } else {
        (sample.name.ends_with("_count") ? histogram.count : histogram.sum) = sample.value;
      }
    }
    for (const auto& [labels, histogram] : all) {
      require(histogram.whole && histogram.count == histogram.below, "count is not the last bucket");
      require(histogram.sum >= 0, "no sum");
    }
  }

  std::string_view rest_;
  std::string_view line_{};
  bool open_metrics_;
  std::vector<Family> families_{};
  std::set<std::string> names_{};
  std::set<std::pair<std::string, std::map<std::string, std::string>>> series_{};
};

inline std::vector<Family> parse_exposition(std::string_view page,
                                            MetricsFormat format = MetricsFormat::prometheus) {
  return ExpositionParser(page, format).parse();
}

}  // namespace redstart::test
