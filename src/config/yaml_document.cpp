// SPDX-License-Identifier: Apache-2.0
// yaml_document.cpp: parses YAML and JSON with yaml-cpp, within limits.
#include "document.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::inline v0::detail {

namespace {

// Ends the parser at the first fault of the structure.
struct DocumentFault : std::exception {
  DocumentFault(Position where, const char* fault, const char* right)
      : position(where), text(fault), remedy(right) {}
  [[nodiscard]] const char* what() const noexcept override { return text; }

  Position position;
  const char* text;
  const char* remedy;
};

Position position_of(const YAML::Mark& mark) {
  return {mark.line < 0 ? 1 : static_cast<std::size_t>(mark.line) + 1,
          mark.column < 0 ? 1 : static_cast<std::size_t>(mark.column) + 1};
}

// True if a quoted scalar at the front, behind its anchor and tag, has no closing quote. yaml-cpp accepts
// that at the end of a file, and everything up to there as the value.
bool lacks_closing_quote(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto drop = [&text](std::size_t end) { text.remove_prefix(std::min(end, text.size())); };
  while (text.starts_with('&') || text.starts_with('!')) {
    drop(text.find_first_of(blanks));
    drop(text.find_first_not_of(blanks));
  }
  if (!text.starts_with('"') && !text.starts_with('\'')) return false;
  const char quote = text.front();
  for (std::size_t i = 1; i < text.size(); ++i) {
    const bool doubled = quote == '\'' && text.substr(i).starts_with("''");
    if (doubled || (quote == '"' && text[i] == '\\'))
      ++i;
    else if (text[i] == quote)
      return false;
  }
  return true;
}

// Builds the tree from the events of the parser. Nesting is limited here, before the parser descends.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, const std::string& path, Settings& settings)
      : text_(text), path_(path), settings_(settings) {}

  [[nodiscard]] std::shared_ptr<const DocumentNode> root() const { return root_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (root_)
      throw DocumentFault(position_of(mark), "contains a second document",
                          "write one document, without `---` between");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(make(DocumentNode::Type::null, mark), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end())
      throw DocumentFault(position_of(mark), "uses an alias inside of its own anchor",
                          "write the settings out");
    if (expects_key()) throw DocumentFault(position_of(mark), "has an alias as a name", "write the name out");
    attach(found->second);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(mark, tag);
    if (mark.pos >= 0 &&
        lacks_closing_quote(text_.substr(std::min(static_cast<std::size_t>(mark.pos), text_.size()))))
      throw DocumentFault(position_of(mark), "has a quote without an end", "write the closing quote");
    if (expects_key()) return name(mark, value);
    auto node = make(DocumentNode::Type::scalar, mark);
    node->text = Secret(value);
    add(node, anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(DocumentNode::Type::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(DocumentNode::Type::mapping, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  using Node = std::shared_ptr<DocumentNode>;

  struct Open {
    Node node;
    YAML::anchor_t anchor;
    bool named;  // a mapping: the name of the next value was read
  };

  Node make(DocumentNode::Type type, const YAML::Mark& mark) {
    if (++made_ > most_nodes)
      throw DocumentFault(position_of(mark), "contains more than 10000 values", "use fewer settings");
    auto node = std::make_shared<DocumentNode>();
    node->type = type;
    node->position = position_of(mark);
    return node;
  }

  static void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!" && !tag.starts_with("tag:yaml.org,2002:"))
      throw DocumentFault(position_of(mark), "has a tag that is not of YAML itself",
                          "remove the tag; put a value that begins with `!` in quotes");
  }

  [[nodiscard]] bool expects_key() const {
    return !open_.empty() && open_.back().node->type == DocumentNode::Type::mapping && !open_.back().named;
  }

  void name(const YAML::Mark& mark, const std::string& text) {
    Open& top = open_.back();
    const Position position = position_of(mark);
    top.named = true;
    auto& entries = top.node->entries;
    const auto same = std::find_if(entries.begin(), entries.end(),
                                   [&](const DocumentEntry& entry) { return entry.name == text; });
    if (same != entries.end())
      settings_.fault(place(path_, position),
                      "sets a name that line " + std::to_string(same->position.line) + ", column " +
                          std::to_string(same->position.column) + " of the same mapping sets too (" +
                          place(path_, same->position) + ")",
                      "set it once");
    entries.push_back({text, position, nullptr});
  }

  void add(const Node& node, YAML::anchor_t anchor) {
    if (expects_key()) throw DocumentFault(node->position, "has a name that is no text", "write a name");
    if (anchor != YAML::NullAnchor) anchors_[anchor] = node;
    attach(node);
  }

  void attach(std::shared_ptr<const DocumentNode> node) {
    if (open_.empty()) {
      root_ = std::move(node);
    } else if (open_.back().node->type == DocumentNode::Type::list) {
      open_.back().node->items.push_back(std::move(node));
    } else {
      open_.back().node->entries.back().value = std::move(node);
      open_.back().named = false;
    }
  }

  void open(DocumentNode::Type type, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    check_tag(mark, tag);
    if (expects_key())
      throw DocumentFault(position_of(mark), "has a name that is a list or a mapping",
                          "write a name; put a value that begins with `{` or `[` in quotes");
    if (open_.size() >= deepest_nesting)
      throw DocumentFault(position_of(mark), "is nested deeper than 16 levels",
                          "no setting needs more than 5");
    open_.push_back({make(type, mark), anchor, false});
  }

  void close() {
    const Open done = open_.back();
    open_.pop_back();
    add(done.node, done.anchor);
  }

  std::string_view text_;
  const std::string& path_;
  Settings& settings_;
  std::vector<Open> open_{};
  std::map<YAML::anchor_t, Node> anchors_{};
  std::shared_ptr<const DocumentNode> root_{};
  std::size_t made_ = 0;
};

}  // namespace

std::shared_ptr<const DocumentNode> parse_document(const std::string& text, const std::string& path,
                                                   Settings& settings) {
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    TreeBuilder builder(text, path, settings);
    while (parser.HandleNextDocument(builder)) {
    }
    if (!builder.root()) {
      settings.fault(path, "contains no settings", "write settings, or remove the file");
      return nullptr;
    }
    return builder.root();
  } catch (const DocumentFault& fault) {
    settings.fault(place(path, fault.position), fault.text, fault.remedy);
  } catch (const YAML::Exception& fault) {
    // Some messages end with the name of an anchor, which may be the beginning of a secret.
    std::string what = fault.msg;
    if (const std::size_t colon = what.rfind(": "); colon != std::string::npos) what.resize(colon);
    settings.fault(place(path, position_of(fault.mark)), "can't be parsed: " + what,
                   "check indentation and quotes; put values that begin with one of * & ! % @ ` in quotes");
  } catch (const std::exception&) {
    settings.fault(path, "can't be parsed", "check that it is YAML or JSON");
  }
  return nullptr;
}

}  // namespace redstart::inline v0::detail
