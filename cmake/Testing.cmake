# SPDX-License-Identifier: Apache-2.0
# Testing.cmake: the component redstart::testing: fake server, fault proxy, barriers.

file(GLOB redstart_testing_sources CONFIGURE_DEPENDS src/testing/*.cpp)
file(GLOB redstart_testing_headers CONFIGURE_DEPENDS include/redstart/testing/*.hpp)

list(FILTER redstart_testing_sources EXCLUDE REGEX "/scoped_override")
list(FILTER redstart_testing_headers EXCLUDE REGEX "/scoped_override")

add_library(redstart_testing ${redstart_testing_sources})
add_library(redstart::testing ALIAS redstart_testing)
target_include_directories(redstart_testing PRIVATE src)
if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.23)
  target_sources(redstart_testing PUBLIC FILE_SET HEADERS BASE_DIRS include FILES ${redstart_testing_headers})
endif()
target_link_libraries(redstart_testing PUBLIC redstart)
set_target_properties(redstart_testing PROPERTIES
  EXPORT_NAME testing
  VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
  VISIBILITY_INLINES_HIDDEN ON
  VERIFY_INTERFACE_HEADER_SETS ${REDSTART_BUILD_TESTS})
redstart_target_defaults(redstart_testing)
