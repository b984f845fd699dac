# SPDX-License-Identifier: Apache-2.0
# Testing.cmake: the component redstart::testing: fake server, fault proxy, barriers.

file(GLOB redstart_testing_sources CONFIGURE_DEPENDS src/testing/*.cpp)
file(GLOB redstart_testing_headers CONFIGURE_DEPENDS include/redstart/testing/*.hpp)

list(FILTER redstart_testing_sources EXCLUDE REGEX "/scoped_override")
list(FILTER redstart_testing_headers EXCLUDE REGEX "/scoped_override")

add_library(redstart_testing)
target_sources(redstart_testing PRIVATE ${redstart_testing_sources})
add_library(redstart::testing ALIAS redstart_testing)
target_include_directories(redstart_testing PRIVATE src)
if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.23)
  target_sources(redstart_testing PUBLIC FILE_SET HEADERS BASE_DIRS include FILES ${redstart_testing_headers})
endif()
redstart_system_headers(redstart_testing)
target_link_libraries(redstart_testing PUBLIC redstart)
set_target_properties(redstart_testing PROPERTIES
  EXPORT_NAME testing
  VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
  VISIBILITY_INLINES_HIDDEN ON
  POSITION_INDEPENDENT_CODE ${redstart_pic}
  VERIFY_INTERFACE_HEADER_SETS ${REDSTART_BUILD_TESTS})
redstart_target_defaults(redstart_testing)
redstart_unity(redstart_testing)
if(NOT PROJECT_IS_TOP_LEVEL)
  set_target_properties(redstart_testing PROPERTIES EXCLUDE_FROM_ALL ON)  # built where a target links it
endif()
