# SPDX-License-Identifier: Apache-2.0
# missing_package.cmake: configures SOURCE into BUILD without the package NAME.
# The error must name what is missing (NEEDED), the option OFF that does without it, and the Debian PACKAGE.

file(REMOVE_RECURSE ${BUILD})
execute_process(COMMAND ${CMAKE_COMMAND} -S ${SOURCE} -B ${BUILD} -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${COMPILER} -DBoost_ROOT=${BOOST}
                        -DCMAKE_DISABLE_FIND_PACKAGE_${NAME}=ON
                        -DREDSTART_BUILD_TESTS=OFF -DREDSTART_BUILD_EXAMPLES=OFF -DREDSTART_BUILD_BENCHMARKS=OFF
                RESULT_VARIABLE result OUTPUT_QUIET ERROR_VARIABLE message)
string(REGEX REPLACE "[ \n]+" " " message "${message}")
foreach(part "${NEEDED} or newer" "-D${OFF}=OFF" "apt-get install ${PACKAGE}")
  string(FIND "${message}" "${part}" at)
  if(result EQUAL 0 OR at EQUAL -1)
    message(FATAL_ERROR "Without ${NAME} CMake should fail and print \"${part}\"; it ended with ${result}: ${message}")
  endif()
endforeach()
