# SPDX-License-Identifier: Apache-2.0
# Ccache.cmake: compiles through ccache where it is installed, set up so that precompiled headers hit too.

if(CMAKE_CXX_COMPILER_LAUNCHER)
  return()
endif()
find_program(REDSTART_CCACHE ccache DOC "ccache, used when it is there")
mark_as_advanced(REDSTART_CCACHE)
if(REDSTART_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_ctime,include_file_mtime
      CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${REDSTART_CCACHE})
endif()
