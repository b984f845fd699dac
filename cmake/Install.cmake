# SPDX-License-Identifier: Apache-2.0
# Install.cmake: library, headers, CMake package and pkg-config file; everything relocatable.

include(CMakePackageConfigHelpers)

set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/redstart)
set(install_headers "")
if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.23)
  set(install_headers FILE_SET HEADERS)
else()
  install(DIRECTORY include/redstart DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp"
          PATTERN "src.hpp" EXCLUDE)
endif()

# redstart/src.hpp, and the sources that it includes, for programs that link no library.
file(READ include/redstart/src.hpp sources_header)
string(REPLACE "\"../../src/" "\"impl/" sources_header "${sources_header}")
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/src.hpp "${sources_header}")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS include/redstart/src.hpp)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/src.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/redstart)
install(DIRECTORY src/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/redstart/impl FILES_MATCHING PATTERN "*.hpp" PATTERN "*.cpp")

# The component redstart::spdlog is this header; redstartConfig.cmake makes its target.
install(FILES include/redstart/spdlog.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/redstart)

set(install_targets redstart)
if(REDSTART_WITH_TESTING)
  list(APPEND install_targets redstart_testing)
endif()
if(REDSTART_WITH_HTTP)
  list(APPEND install_targets redstart_http)
endif()
install(TARGETS ${install_targets} EXPORT redstart
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
        ${install_headers})
install(EXPORT redstart NAMESPACE redstart:: FILE redstartTargets.cmake DESTINATION ${config_dir})

set(redstart_needs_openssl OFF)
if(REDSTART_WITH_TLS AND NOT BUILD_SHARED_LIBS)
  set(redstart_needs_openssl ON)
endif()
set(redstart_needs_yaml OFF)
if(REDSTART_WITH_YAML AND NOT BUILD_SHARED_LIBS)
  set(redstart_needs_yaml ON)
endif()
configure_package_config_file(cmake/redstartConfig.cmake.in redstartConfig.cmake INSTALL_DESTINATION ${config_dir}
                              NO_SET_AND_CHECK_MACRO)
# While the version is 0.x, a minor release may break.
write_basic_package_version_file(redstartConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/redstartConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/redstartConfigVersion.cmake
        DESTINATION ${config_dir})

# The prefix follows the file, so that an installed tree may be moved.
file(RELATIVE_PATH pc_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" pc_prefix "${pc_prefix}")
set(pc_boost "")
if(NOT "${Boost_INCLUDE_DIRS}" MATCHES "^(/usr/include)?$")
  set(pc_boost " -isystem ${Boost_INCLUDE_DIRS}")
endif()
set(pc_libs "")
set(pc_libs_private " -pthread")
set(pc_requires_private "")
set(pc_requires "")
set(pc_packages "")
if(REDSTART_WITH_TLS)
  list(APPEND pc_packages "openssl >= 3.0")
endif()
if(REDSTART_WITH_YAML)
  list(APPEND pc_packages "yaml-cpp >= 0.7")
endif()
if(pc_packages)
  list(JOIN pc_packages ", " pc_packages)
  set(pc_requires_private "Requires.private: ${pc_packages}")
endif()
if(NOT BUILD_SHARED_LIBS)
  # A static library's dependencies must be linked too, with or without --static.
  set(pc_libs "${pc_libs_private}")
  string(REPLACE "Requires.private:" "Requires:" pc_requires "${pc_requires_private}")
  set(pc_requires_private "")
endif()
configure_file(cmake/redstart.pc.in redstart.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/redstart.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs FILES_MATCHING PATTERN "*.md" PATTERN "*.svg" PATTERN "*.png")
