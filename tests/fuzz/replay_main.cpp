// SPDX-License-Identifier: Apache-2.0
// replay_main.cpp: replaces libFuzzer by a replay of the corpus.
// It feeds a fuzz target each corpus file, its prefixes, and seeded mutations.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t prefixes_per_file = 256;
constexpr int mutations_per_file = 64;

std::size_t runs = 0;

void feed(const std::string& input) {
  // A heap copy of the exact size lets AddressSanitizer detect a read beyond the end.
  const std::vector<std::uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  ++runs;
}

void replay(const std::filesystem::path& file, std::mt19937& random) {
  std::string whole(std::filesystem::file_size(file), '\0');
  std::ifstream(file, std::ios::binary).read(whole.data(), static_cast<std::streamsize>(whole.size()));
  feed(whole);
  const std::size_t step = whole.size() / prefixes_per_file + 1;
  for (std::size_t size = 1; size < whole.size(); size += step) feed(whole.substr(0, size));
  for (int i = 0; i < mutations_per_file && !whole.empty(); ++i) {
    std::string mutated = whole;
    mutated[random() % mutated.size()] = static_cast<char>(random());
    feed(mutated);
  }
}

}  // namespace

int main(int argc, char** argv) try {
  std::vector<std::filesystem::path> files;
  for (int i = 1; i < argc; ++i) {
    if (std::filesystem::is_directory(argv[i])) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
        if (entry.is_regular_file()) files.push_back(entry.path());
      }
    } else {
      files.emplace_back(argv[i]);
    }
  }
  std::sort(files.begin(), files.end());

  feed("");
  std::mt19937 random(1);
  for (const auto& file : files) replay(file, random);
  std::printf("%zu files, %zu runs\n", files.size(), runs);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "replay: %s\n", error.what());
  return 1;
}
