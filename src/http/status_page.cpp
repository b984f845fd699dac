// SPDX-License-Identifier: Apache-2.0
// status_page.cpp: writes the status page as HTML.
#include "status_assets.hpp"
#include "status_view.hpp"

#include <redstart/core/utf8.hpp>
#include <redstart/core/version.hpp>

namespace redstart::inline v0::http {

namespace {

// An element with its level as an attribute. `attributes` and `name` are constants.
std::string leveled(std::string_view name, std::string_view attributes, std::string_view text, Level level) {
  std::string html = "<" + std::string(name) + std::string(attributes) + " data-level=\"";
  html += to_string(level);
  html += "\">" + escaped_html(text) + "</" + std::string(name) + ">";
  return html;
}

void put_row(std::string& html, const StatusRow& row) {
  const std::string name = escaped_html(row.name);
  html += "<tbody data-name=\"" + name + "\"><tr><th scope=\"row\">" + name;
  if (row.required) html += "<small>required</small>";
  html += "</th>";
  for (std::size_t i = 0; i != row.cells.size(); ++i) {
    html += "<td data-label=\"" + std::string(status_columns[i].label) + "\">";
    html += leveled("span", "", row.cells[i].text, row.cells[i].level) + "</td>";
  }
  html += "</tr><tr class=\"notes\"><td colspan=\"" + std::to_string(row.cells.size() + 1) + "\"><dl>";
  for (const StatusNote& note : row.notes)
    html += "<dt>" + escaped_html(note.label) + "</dt>" + leveled("dd", "", note.text, note.level);
  html += "</dl></td></tr></tbody>\n";
}

void put_head(std::string& html, const StatusView& view, std::string_view nonce) {
  const std::string quoted = " nonce=\"" + std::string(nonce) + "\">";
  html += "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n";
  html += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  html += "<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>\n";
  html += "<link rel=\"icon\" href=\"data:,\">\n";
  html += "<title>" + escaped_html(view.service) + ": Redis</title>\n";
  html += "<style" + quoted + std::string(status_style) + "</style></head>\n";
}

}  // namespace

std::string escaped_html(std::string_view text) {
  std::string html;
  for (const char c : detail::as_utf8(text)) {
    switch (c) {
      case '&': html += "&amp;"; break;
      case '<': html += "&lt;"; break;
      case '>': html += "&gt;"; break;
      case '"': html += "&quot;"; break;
      case '\'': html += "&#39;"; break;
      case '\0': html += "\xEF\xBF\xBD"; break;  // U+FFFD: HTML has no such character
      default: html += c;
    }
  }
  return html;
}

std::string to_page(const StatusView& view, std::string_view nonce) {
  std::string html;
  put_head(html, view, nonce);
  html +=
      "<body><header><h1><span>" + escaped_html(view.service.empty() ? "Redis" : view.service) + "</span>";
  html += leveled("span", " id=\"health\"", view.health.text, view.health.level) + "</h1>\n";
  html += "<p id=\"summary\">" + escaped_html(view.summary) + "</p>\n<p>Last check: <span id=\"checked\">";
  html += escaped_html(view.checked.empty() ? "never" : view.checked);
  html += "</span> · <span id=\"live\">this page reloads every 5 s</span></p></header>\n";
  html += "<main><table id=\"databases\"><thead><tr><th scope=\"col\">Database</th>";
  for (const StatusColumn& column : status_columns)
    html += "<th scope=\"col\">" + std::string(column.label) + "</th>";
  html += "</tr></thead>\n";
  for (const StatusRow& row : view.rows) put_row(html, row);
  html += "</table></main>\n<footer>Percentiles are of the operations between the last two checks. Redstart ";
  html += version();
  html += "</footer>\n";
  html += "<script nonce=\"" + std::string(nonce) + "\">" + std::string(status_script) +
          "</script></body></html>\n";
  return html;
}

}  // namespace redstart::inline v0::http
