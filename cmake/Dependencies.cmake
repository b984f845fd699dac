# SPDX-License-Identifier: Apache-2.0
# Dependencies.cmake: finds the packages of this configuration and lists all missing ones in one message.

set(redstart_missing "")

# Notes that `what` was not found, its purpose, and its Debian package.
function(redstart_need found what purpose package)
  if(NOT found)
    list(APPEND redstart_missing "${what}, for ${purpose}\n      Debian: apt-get install ${package}")
    set(redstart_missing "${redstart_missing}" PARENT_SCOPE)
  endif()
endfunction()

# scripts/deps unpacks a newer Boost here if the system has an older one that must stay.
set(redstart_own_boost "${PROJECT_SOURCE_DIR}/.deps/boost/usr")
if(PROJECT_IS_TOP_LEVEL AND EXISTS "${redstart_own_boost}" AND NOT Boost_ROOT AND NOT BOOST_ROOT
   AND NOT DEFINED ENV{BOOST_ROOT} AND NOT DEFINED ENV{Boost_ROOT})
  set(Boost_ROOT "${redstart_own_boost}")
endif()
# A target that the parent project has already is used as it is.
if(NOT TARGET Boost::headers)
  if(POLICY CMP0167)
    cmake_policy(SET CMP0167 OLD)  # FindBoost also finds a Boost that was only unpacked.
  endif()
  find_package(Boost 1.81 QUIET)
  redstart_need("${Boost_FOUND}" "Boost 1.81 or newer (headers)" "the library"
                "libboost1.81-dev\n      elsewhere: -DBoost_ROOT=/path/to/boost")
endif()

if(NOT TARGET Threads::Threads)
  set(THREADS_PREFER_PTHREAD_FLAG ON)
  find_package(Threads QUIET)
  redstart_need("${Threads_FOUND}" "POSIX threads" "the library" "libc6-dev")
endif()

if(NOT TARGET nlohmann_json::nlohmann_json)
  find_package(nlohmann_json 3.9 CONFIG QUIET)
  redstart_need("${nlohmann_json_FOUND}" "nlohmann_json 3.9 or newer" "redstart/json.hpp" nlohmann-json3-dev)
endif()

if(REDSTART_WITH_TLS AND NOT TARGET OpenSSL::SSL)
  find_package(OpenSSL 3.0 QUIET)
  redstart_need("${OPENSSL_FOUND}" "OpenSSL 3.0 or newer" "TLS (REDSTART_WITH_TLS; without it: -DREDSTART_WITH_TLS=OFF)"
                libssl-dev)
endif()

if(REDSTART_WITH_YAML AND NOT TARGET yaml-cpp AND NOT TARGET yaml-cpp::yaml-cpp)
  find_package(yaml-cpp 0.7 CONFIG QUIET)
  redstart_need("${yaml-cpp_FOUND}" "yaml-cpp 0.7 or newer"
                "configuration files (REDSTART_WITH_YAML; without it: -DREDSTART_WITH_YAML=OFF)" libyaml-cpp-dev)
endif()

if(REDSTART_WITH_USDT)
  include(CheckIncludeFileCXX)
  check_include_file_cxx(sys/sdt.h REDSTART_HAS_SDT)
  redstart_need("${REDSTART_HAS_SDT}" "sys/sdt.h of SystemTap" "static tracepoints (REDSTART_WITH_USDT)" systemtap-sdt-dev)
endif()

# The component redstart::spdlog is left out without it.
if(REDSTART_WITH_SPDLOG AND NOT TARGET spdlog::spdlog)
  find_package(spdlog 1.10 CONFIG QUIET)
endif()

if(REDSTART_BUILD_TESTS)
  find_package(GTest QUIET)
  redstart_need("${GTest_FOUND}" "GoogleTest with GoogleMock" "the tests (REDSTART_BUILD_TESTS)"
                "libgtest-dev libgmock-dev")
endif()

if(REDSTART_BUILD_BENCHMARKS)
  find_package(benchmark CONFIG QUIET)
  redstart_need("${benchmark_FOUND}" "Google Benchmark" "the benchmarks (REDSTART_BUILD_BENCHMARKS)"
                libbenchmark-dev)
endif()

if(REDSTART_BUILD_TESTS OR REDSTART_BUILD_FUZZERS OR REDSTART_BUILD_BENCHMARKS)
  find_package(Hiredis MODULE QUIET)
  redstart_need("${Hiredis_FOUND}" "hiredis" "the comparison in benchmarks and fuzz tests" libhiredis-dev)
endif()

if(REDSTART_BUILD_TESTS OR REDSTART_BUILD_EXAMPLES OR REDSTART_BUILD_BENCHMARKS OR REDSTART_BUILD_TOOLS)
  find_package(CLI11 CONFIG QUIET)
  redstart_need("${CLI11_FOUND}" "CLI11" "the command lines of the soak, examples, benchmarks and tools" libcli11-dev)
endif()

if(redstart_missing)
  list(JOIN redstart_missing "\n  - " redstart_missing)
  message(FATAL_ERROR "Redstart needs packages that were not found:\n  - ${redstart_missing}\n"
                      "`scripts/deps` installs all of it on Debian.")
endif()
