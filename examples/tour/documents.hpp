// SPDX-License-Identifier: Apache-2.0
// documents.hpp: the text of the tour: files of a folder, lines, words.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace tour {

struct Document {
  std::string name;
  std::vector<std::string> lines;  // without the empty ones
};

inline bool is_text(const std::filesystem::path& file) {
  constexpr std::string_view extensions[] = {".md", ".txt",   ".hpp", ".cpp", ".h",
                                             ".c",  ".cmake", ".py",  ".sh"};
  const std::string extension = file.extension().string();
  return std::find(std::begin(extensions), std::end(extensions), extension) != std::end(extensions);
}

// The text files below `folder`, sorted by name, at most `most_lines` lines of them. Hidden folders and build
// folders are left out.
inline std::vector<Document> read_documents(const std::filesystem::path& folder, std::size_t most_lines) {
  namespace fs = std::filesystem;
  std::vector<fs::path> files;
  const auto options = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator at(folder, options), end; at != end; ++at) {
    const std::string name = at->path().filename().string();
    if (at->is_directory() && (name.starts_with('.') || name == "build")) at.disable_recursion_pending();
    if (at->is_regular_file() && is_text(at->path())) files.push_back(at->path());
  }
  std::sort(files.begin(), files.end());

  std::vector<Document> documents;
  std::size_t lines = 0;
  for (const fs::path& file : files) {
    Document document{file.lexically_relative(folder).generic_string(), {}};
    std::ifstream in(file);
    for (std::string line; lines < most_lines && std::getline(in, line);) {
      if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
      document.lines.push_back(std::move(line));
      ++lines;
    }
    if (!document.lines.empty()) documents.push_back(std::move(document));
  }
  return documents;
}

// Calls `use` with each word of at least four letters, in lower case.
template <class F>
void for_each_word(std::string_view line, F use) {
  constexpr std::size_t shortest = 4;
  std::string word;
  const auto end_word = [&] {
    if (word.size() >= shortest) use(word);
    word.clear();
  };
  for (const char c : line) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper || (c >= 'a' && c <= 'z'))
      word += upper ? static_cast<char>(c - 'A' + 'a') : c;
    else
      end_word();
  }
  end_word();
}

}  // namespace tour
