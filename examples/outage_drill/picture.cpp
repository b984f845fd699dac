// SPDX-License-Identifier: Apache-2.0
// picture.cpp: draws the timeline, without any library.
#include "picture.hpp"

#include "../tour/text.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace drill {
namespace {

using tour::fixed;

constexpr double width = 1000;
constexpr double left_edge = 76;
constexpr double right_edge = 984;

// A panel: from `top` down to `bottom`.
struct Panel {
  double top;
  double bottom;
  [[nodiscard]] double y(double part) const { return bottom - std::clamp(part, 0.0, 1.0) * (bottom - top); }
};
constexpr Panel rates{84, 270};
constexpr Panel latencies{312, 432};
constexpr Panel states{470, 488};
constexpr Panel breakers{498, 516};
constexpr double height = 590;

constexpr std::string_view ok_colour = "#2e8b57";
constexpr std::string_view not_sent_colour = "#e69f00";
constexpr std::string_view indeterminate_colour = "#c0392b";
constexpr std::string_view p50_colour = "#1f6fb2";
constexpr std::string_view p99_colour = "#7b52ab";

std::string_view colour_of(redstart::ConnectionState state) {
  switch (state) {
    case redstart::ConnectionState::ready: return "#8fcfa8";
    case redstart::ConnectionState::loading: return "#8db9e2";
    case redstart::ConnectionState::circuit_open: return "#e08a80";
    case redstart::ConnectionState::connecting:
    case redstart::ConnectionState::backing_off: return "#f2c66d";
    case redstart::ConnectionState::stopped:
    case redstart::ConnectionState::draining:
    case redstart::ConnectionState::closed: break;
  }
  return "#d0d0d0";
}

std::string_view colour_of(redstart::BreakerState state) {
  switch (state) {
    case redstart::BreakerState::closed: return "#8fcfa8";
    case redstart::BreakerState::half_open: return "#f2c66d";
    case redstart::BreakerState::open: return "#e08a80";
    case redstart::BreakerState::forced_open:
    case redstart::BreakerState::forced_closed: break;
  }
  return "#d0d0d0";
}

std::string in_ms(Clock::duration time) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  return ms == 0 ? "&lt; 1 ms" : std::to_string(ms) + " ms";
}

class Drawing {
 public:
  explicit Drawing(const Timeline& timeline) : slices_(timeline.slices()), outages_(timeline.outages()) {
    // The last ones are not whole, and callers were ending.
    slices_.resize(slices_.size() - std::min<std::size_t>(slices_.size(), 2 + slices_.size() % smooth));
    seconds_ = static_cast<double>(slices_.size()) / per_second;
  }

  std::string draw() {
    out_ << "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " << width << ' ' << height
         << "\" font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\" font-size=\"12\" fill=\"#333\">\n"
         << "<rect width=\"" << width << "\" height=\"" << height << "\" fill=\"#fff\"/>\n";
    text(left_edge, 26, "Outage drill: what callers see while their Redis breaks", "start",
         "font-size=\"17\" font-weight=\"bold\"");
    outages();
    rate_panel();
    latency_panel();
    state_strips();
    legend();
    out_ << "</svg>\n";
    return out_.str();
  }

 private:
  static constexpr double per_second = 1000.0 / static_cast<double>(Timeline::slice.count());
  // Rates are averaged over this number of slices: single ones flicker.
  static constexpr std::size_t smooth = 2;

  [[nodiscard]] double x(double second) const {
    return left_edge + (right_edge - left_edge) * second / std::max(seconds_, 1.0);
  }
  [[nodiscard]] double x_of(std::size_t slice) const { return x(static_cast<double>(slice) / per_second); }

  void text(double at_x, double at_y, const std::string& words, std::string_view anchor = "start",
            std::string_view more = "") {
    out_ << "<text x=\"" << fixed(at_x, 1) << "\" y=\"" << fixed(at_y, 1) << "\" text-anchor=\"" << anchor
         << "\" " << more << '>' << words << "</text>\n";
  }
  void box(double x1, double y1, double x2, double y2, std::string_view fill, std::string_view more = "") {
    out_ << "<rect x=\"" << fixed(x1, 1) << "\" y=\"" << fixed(y1, 1) << "\" width=\""
         << fixed(std::max(x2 - x1, 0.5), 1) << "\" height=\"" << fixed(y2 - y1, 1) << "\" fill=\"" << fill
         << "\" " << more << "/>\n";
  }
  void line(double x1, double y1, double x2, double y2, std::string_view more) {
    out_ << "<line x1=\"" << fixed(x1, 1) << "\" y1=\"" << fixed(y1, 1) << "\" x2=\"" << fixed(x2, 1)
         << "\" y2=\"" << fixed(y2, 1) << "\" " << more << "/>\n";
  }

  // Shades each outage until it was healed, through all panels. Below: how soon all callers were back.
  void outages() {
    double free_from = 0;  // labels of short outages may not overlap
    double level = 0;
    for (const Outage& outage : outages_) {
      const double from = x(std::chrono::duration<double>(outage.began).count());
      const double to = x(std::chrono::duration<double>(outage.healed).count());
      box(from, rates.top - 22, to, breakers.bottom, "#f6d5d0", "fill-opacity=\"0.55\"");
      line(to, rates.top - 22, to, breakers.bottom, R"(stroke="#2e8b57" stroke-dasharray="3 3")");
      level = from < free_from ? 14 - level : 0;
      text(from + 4, rates.top - 8 - level, outage.name, "start", "font-weight=\"bold\"");
      free_from = from + 8 + 7 * static_cast<double>(outage.name.size());
      const auto back = outage.everybody_back();
      text(to, breakers.bottom + 18, back ? "back after " + in_ms(*back) : "never back", "middle",
           "fill=\"#2e8b57\" font-size=\"11\"");
    }
  }

  void axes(const Panel& panel, const std::string& title) {
    for (double second = 0; second <= seconds_; second += 5)
      line(x(second), panel.top, x(second), panel.bottom, R"(stroke="#ddd")");
    line(left_edge, panel.bottom, right_edge, panel.bottom, R"(stroke="#777")");
    out_ << "<text transform=\"translate(16 " << fixed((panel.top + panel.bottom) / 2, 0)
         << ") rotate(-90)\" text-anchor=\"middle\" fill=\"#666\">" << title << "</text>\n";
  }
  void grid(const Panel& panel, double part, const std::string& label) {
    line(left_edge, panel.y(part), right_edge, panel.y(part), R"(stroke="#ddd")");
    text(left_edge - 8, panel.y(part) + 4, label, "end", "fill=\"#666\"");
  }

  [[nodiscard]] double rate(std::size_t first, Fate fate) const {
    double sum = 0;
    for (std::size_t i = first; i < first + smooth; ++i) sum += static_cast<double>(slices_[i].count(fate));
    return sum * per_second / smooth;
  }

  void rate_panel() {
    double most = 1;
    for (std::size_t i = 0; i + smooth <= slices_.size(); i += smooth)
      for (const Fate fate : {Fate::ok, Fate::not_sent, Fate::indeterminate})
        most = std::max(most, rate(i, fate));
    const double step = most > 4000 ? 2000 : most > 3000 ? 1000 : most > 1000 ? 500 : 200;
    const double top = std::ceil(most / step) * step;
    axes(rates, "operations a second");
    for (double value = 0; value <= top; value += step)
      grid(rates, value / top, tour::grouped(static_cast<std::uint64_t>(value)));
    area(Fate::ok, top, ok_colour, 0.28);
    area(Fate::not_sent, top, not_sent_colour, 0.28);
    // These are few and matter most: a bar each, never too low to be seen.
    for (std::size_t i = 0; i + smooth <= slices_.size(); i += smooth) {
      const double value = rate(i, Fate::indeterminate);
      if (value <= 0) continue;
      box(x_of(i), std::min(rates.y(value / top), rates.bottom - 5), x_of(i + smooth), rates.bottom,
          indeterminate_colour);
    }
  }
  void area(Fate fate, double top, std::string_view colour, double opacity) {
    std::ostringstream points;
    for (std::size_t i = 0; i + smooth <= slices_.size(); i += smooth) {
      const std::string at_y = fixed(rates.y(rate(i, fate) / top), 1);
      points << 'L' << fixed(x_of(i), 1) << ' ' << at_y << 'H' << fixed(x_of(i + smooth), 1);
    }
    out_ << "<path d=\"M" << left_edge << ' ' << rates.bottom << points.str() << 'V' << rates.bottom
         << "Z\" fill=\"" << colour << "\" fill-opacity=\"" << opacity << "\" stroke=\"" << colour
         << "\" stroke-width=\"1.5\"/>\n";
  }

  // On a logarithmic scale from 10 us to 10 s, only where an operation succeeded.
  void latency_panel() {
    axes(latencies, "latency");
    const std::array<std::string, 7> labels{"10 us", "100 us", "1 ms", "10 ms", "100 ms", "1 s", "10 s"};
    for (std::size_t i = 0; i < labels.size(); ++i)
      grid(latencies, static_cast<double>(i) / (labels.size() - 1), labels[i]);
    curve(0.99, p99_colour);
    curve(0.5, p50_colour);
  }
  void curve(double fraction, std::string_view colour) {
    std::ostringstream path;
    bool pen_down = false;
    for (std::size_t i = 0; i + smooth <= slices_.size(); i += smooth) {
      redstart::LatencyHistogram sum = slices_[i].latency;
      for (std::size_t j = i + 1; j < i + smooth; ++j) sum.merge(slices_[j].latency);
      if (sum.count() == 0) {
        pen_down = false;
        continue;
      }
      const double us = std::chrono::duration<double, std::micro>(sum.percentile(fraction)).count();
      path << (pen_down ? 'L' : 'M') << fixed((x_of(i) + x_of(i + smooth)) / 2, 1) << ' '
           << fixed(latencies.y((std::log10(std::max(us, 1.0)) - 1) / 6), 1);
      pen_down = true;
    }
    out_ << "<path d=\"" << path.str() << "\" fill=\"none\" stroke=\"" << colour
         << "\" stroke-width=\"1.6\" stroke-linejoin=\"round\" stroke-linecap=\"round\"/>\n";
  }

  void state_strips() {
    strip(states, "state", [](const Slice& slice) { return slice.state; });
    strip(breakers, "breaker", [](const Slice& slice) { return slice.breaker; });
    for (double second = 0; second <= seconds_; second += 5)
      text(x(second), breakers.bottom + 38, fixed(second, 0) + " s", "middle", "fill=\"#666\"");
  }
  template <class F>
  void strip(const Panel& panel, const std::string& title, F value_of) {
    text(left_edge - 8, panel.bottom - 5, title, "end", "fill=\"#666\"");
    for (std::size_t first = 0; first < slices_.size();) {
      std::size_t last = first + 1;
      const auto value = value_of(slices_[first]);
      while (last < slices_.size() && value_of(slices_[last]) == value) ++last;
      box(x_of(first), panel.top, x_of(last), panel.bottom, colour_of(value));
      const std::string name(to_string(value));
      if (x_of(last) - x_of(first) > 5.6 * static_cast<double>(name.size()))
        text((x_of(first) + x_of(last)) / 2, panel.bottom - 5, name, "middle", "font-size=\"10\"");
      first = last;
    }
  }

  void legend() {
    struct Entry {
      std::string_view colour;
      std::string name;
    };
    const Entry entries[] = {{ok_colour, "ok"},
                             {not_sent_colour, "not sent: certainly without effect"},
                             {indeterminate_colour, "indeterminate: may have run"},
                             {p50_colour, "latency p50"},
                             {p99_colour, "p99"},
                             {"#f6d5d0", "outage, until healed"}};
    double at = left_edge;
    for (const Entry& entry : entries) {
      box(at, height - 24, at + 12, height - 12, entry.colour);
      text(at + 17, height - 14, entry.name);
      at += 17 + 6.4 * static_cast<double>(entry.name.size()) + 20;
    }
  }

  std::vector<Slice> slices_;
  std::vector<Outage> outages_;
  double seconds_ = 0;
  std::ostringstream out_{};
};

}  // namespace

void write_picture(const std::string& path, const Timeline& timeline) {
  std::ofstream file(path);
  file << Drawing(timeline).draw();
  if (!file.flush()) throw std::runtime_error("can't write " + path);
}

}  // namespace drill
