// SPDX-License-Identifier: Apache-2.0
// compile_time.cpp: calls the compiler as a developer would, without a cache.
#include "compile_time.hpp"

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <string>

namespace redstart::bench {

namespace {

// The directories of the library's headers, separated by colons. The system's own must not be named again.
void append_include_folders(std::vector<std::string>& words, const std::string& list) {
  std::istringstream folders(list);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (!folder.empty() && folder != "/usr/include") words.push_back("-I" + folder);
}

// A source of the library and its link options.
void append_program(std::vector<std::string>& words, const std::string& source) {
  words.push_back(source);
  std::istringstream libraries(REDSTART_BENCH_LIBRARIES);
  for (std::string library; std::getline(libraries, library, ':');) words.push_back(library);
  words.push_back("-pthread");
}

}  // namespace

ProgramRun compile_smallest(Smallest which) {
  std::string output = (std::filesystem::temp_directory_path() / "redstart-compile-XXXXXX").string();
  const int file = ::mkstemp(output.data());
  if (file < 0) throw std::runtime_error("no temporary file");
  std::vector<std::string> words{REDSTART_BENCH_COMPILER, "-std=c++20", "-o", output};
  append_include_folders(words, REDSTART_BENCH_INCLUDES);
  switch (which) {
    case Smallest::hiredis:
      words.insert(words.end(),
                   {REDSTART_BENCH_SOURCES "/smallest/smallest_hiredis.cpp", REDSTART_BENCH_HIREDIS});
      break;
    case Smallest::redstart:
      append_program(words, REDSTART_BENCH_SOURCES "/smallest/smallest_redstart.cpp");
      break;
    case Smallest::redstart_async:
      append_program(words, REDSTART_BENCH_SOURCES "/smallest/smallest_redstart_async.cpp");
      break;
  }
  ProgramRun run = run_program(words);
  std::filesystem::remove(output);
  if (run.exit_code != 0) throw std::runtime_error("the smallest program does not compile");
  return run;
}

}  // namespace redstart::bench
