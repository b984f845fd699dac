# SPDX-License-Identifier: Apache-2.0
# Options.cmake: all options; those for the project's own developers are off inside a parent.

option(REDSTART_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(REDSTART_BUILD_EXAMPLES "Build the example programs" ${PROJECT_IS_TOP_LEVEL})
option(REDSTART_BUILD_BENCHMARKS "Build the benchmarks" ${PROJECT_IS_TOP_LEVEL})
option(REDSTART_BUILD_FUZZERS "Build the fuzz targets with libFuzzer (needs Clang)" OFF)
option(REDSTART_WITH_TESTING "Build the component redstart::testing: fake server and fault proxy" ON)
option(REDSTART_WITH_TLS "Speak TLS (needs OpenSSL); off: a configuration that turns it on is refused" ON)
option(REDSTART_UNITY_BUILD "Compile the library in a few large units, several times faster; off: file by file" ON)
option(REDSTART_INSTALL "Generate the install rules" ${PROJECT_IS_TOP_LEVEL})
option(REDSTART_WARNINGS_AS_ERRORS "Treat compiler warnings as errors" OFF)
set(REDSTART_SANITIZE "" CACHE STRING "Sanitizers for everything built here: address;undefined or thread or nothing")
set_property(CACHE REDSTART_SANITIZE PROPERTY STRINGS "" "address;undefined" "thread")
option(BUILD_SHARED_LIBS "Build redstart as a shared library" OFF)

if(REDSTART_BUILD_TESTS AND NOT REDSTART_WITH_TESTING)
  message(FATAL_ERROR "REDSTART_BUILD_TESTS needs REDSTART_WITH_TESTING=ON: the tests use the fake server.")
endif()
if(REDSTART_BUILD_FUZZERS AND NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "REDSTART_BUILD_FUZZERS needs libFuzzer and so Clang, but the compiler is "
                      "${CMAKE_CXX_COMPILER_ID}. Debian: clang-14 libclang-rt-14-dev; use the preset `ci`.")
endif()

if(PROJECT_IS_TOP_LEVEL)
  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
  endif()
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
  include(Ccache)
endif()
