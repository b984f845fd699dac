# SPDX-License-Identifier: Apache-2.0
# GtestSuites.cmake: one ctest entry per GoogleTest suite, found when ctest starts.
#
# A process per suite, not per test: a suite's private redis-server is started once.

# redstart_discover_suites(target LABEL label TIMEOUT seconds [ENVIRONMENT name=value…])
function(redstart_discover_suites target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LABEL;TIMEOUT" "ENVIRONMENT")
  set(file "${CMAKE_CURRENT_BINARY_DIR}/${target}_suites.cmake")
  file(GENERATE OUTPUT "${file}" CONTENT
"set(program [==[$<TARGET_FILE:${target}>]==])
set(label ${arg_LABEL})
set(timeout ${arg_TIMEOUT})
set(environment [==[${arg_ENVIRONMENT}]==])
include([==[${PROJECT_SOURCE_DIR}/cmake/GtestSuitesAtTest.cmake]==])
")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${file}")
endfunction()
