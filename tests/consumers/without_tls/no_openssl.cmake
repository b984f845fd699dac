# SPDX-License-Identifier: Apache-2.0
# no_openssl.cmake: configures SOURCE into BUILD without OpenSSL.
# The error must state that it is missing, and what to do.

file(REMOVE_RECURSE ${BUILD})
execute_process(COMMAND ${CMAKE_COMMAND} -S ${SOURCE} -B ${BUILD} -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${COMPILER} -DBoost_ROOT=${BOOST}
                        -DCMAKE_DISABLE_FIND_PACKAGE_OpenSSL=ON
                        -DREDSTART_BUILD_TESTS=OFF -DREDSTART_BUILD_EXAMPLES=OFF -DREDSTART_BUILD_BENCHMARKS=OFF
                RESULT_VARIABLE result OUTPUT_QUIET ERROR_VARIABLE message)
string(REGEX REPLACE "[ \n]+" " " message "${message}")
foreach(part "OpenSSL 3.0 or newer" "-DREDSTART_WITH_TLS=OFF" "apt-get install libssl-dev")
  string(FIND "${message}" "${part}" at)
  if(result EQUAL 0 OR at EQUAL -1)
    message(FATAL_ERROR "Without OpenSSL CMake should fail and print \"${part}\"; it ended with ${result}: ${message}")
  endif()
endforeach()
