# SPDX-License-Identifier: Apache-2.0
# Testing.cmake: the component redstart::testing: fake server, fault proxy, barriers.

file(GLOB redstart_testing_sources CONFIGURE_DEPENDS src/testing/*.cpp)
file(GLOB redstart_testing_headers CONFIGURE_DEPENDS include/redstart/testing/*.hpp)
list(FILTER redstart_testing_sources EXCLUDE REGEX "/scoped_override")
list(FILTER redstart_testing_headers EXCLUDE REGEX "/scoped_override")
redstart_component(testing SOURCES ${redstart_testing_sources} HEADERS ${redstart_testing_headers})
