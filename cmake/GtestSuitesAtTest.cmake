# SPDX-License-Identifier: Apache-2.0
# GtestSuitesAtTest.cmake: run by ctest; lists the suites of `program` and adds a test for each.

if(NOT EXISTS "${program}")
  get_filename_component(name "${program}" NAME)
  add_test("${label}.${name}_not_built" "${program}")
  set_tests_properties("${label}.${name}_not_built" PROPERTIES LABELS ${label})
  return()
endif()

if("$ENV{REDSTART_SOAK_EFFORT}" GREATER 1)
  set(timeout 14400)  # scripts/test --long
endif()

execute_process(COMMAND "${program}" --gtest_list_tests OUTPUT_VARIABLE listing RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${program} --gtest_list_tests failed: ${result}")
endif()

string(REGEX MATCHALL "(^|\n)[^ \n][^\n]*\\." lines "${listing}")
foreach(line IN LISTS lines)
  string(STRIP "${line}" suite)  # "Suite." or, with type parameters, "Suite/0."
  string(REGEX REPLACE "\\.$" "" suite "${suite}")
  set(test "${label}.${suite}")
  add_test("${test}" "${program}" "--gtest_filter=${suite}.*")
  set_tests_properties("${test}" PROPERTIES
    LABELS ${label} TIMEOUT ${timeout} SKIP_RETURN_CODE 77 ENVIRONMENT "${environment}")
endforeach()
