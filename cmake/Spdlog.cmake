# SPDX-License-Identifier: Apache-2.0
# Spdlog.cmake: the component redstart::spdlog: the header redstart/spdlog.hpp and the user's spdlog.
#
# An installed redstart makes the target in redstartConfig.cmake, for projects that ask for the component.

add_library(redstart_spdlog INTERFACE)
add_library(redstart::spdlog ALIAS redstart_spdlog)
target_link_libraries(redstart_spdlog INTERFACE redstart spdlog::spdlog)
