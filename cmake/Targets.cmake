# SPDX-License-Identifier: Apache-2.0
# Targets.cmake: compiler settings of every target of ours, and the declaration of programs.

# Compiles the sources of `target` in a few large units: one for each group, which is a folder or a part of one. Most of
# the time of a file of the library goes into the headers of Asio, which a unit reads once.
function(redstart_unity target)
  if(NOT REDSTART_UNITY_BUILD)
    return()
  endif()
  get_target_property(sources ${target} SOURCES)
  foreach(source IN LISTS sources)
    if(source MATCHES "/src/net/(async|link|loop|io_threads|service_loops|parking)[^/]*\\.cpp$|/src/protocol/link[^/]*\\.cpp$")
      set(group net_async)
    elseif(source MATCHES "/src/pool/(async|exclusive|lease|pool_context|pooled|server_pools|shared)[^/]*\\.cpp$")
      set(group pool_async)
    elseif(source MATCHES "/src/(client|health|manager)/|/scoped_override")
      set(group manager)
    elseif(source MATCHES "/src/(net|pool|testing|http)/[^/]*\\.cpp$")
      set(group ${CMAKE_MATCH_1})
    else()
      set(group base)
    endif()
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${group})
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  redstart_unity_warnings(${target})
  # GCC limits how much inlining may enlarge a large unit. Its default is for single files: in these units it leaves
  # functions of the hot paths as calls.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:--param=large-unit-insns=100000>)
endfunction()

# Compiles the sources of a test program in units of several files each. Most of the time of a test file goes into
# templates of the library, which a unit instantiates once. So names in unnamed namespaces must not repeat in one folder.
function(redstart_unity_tests target)
  if(REDSTART_UNITY_BUILD)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE BATCH UNITY_BUILD_BATCH_SIZE 8)
    redstart_unity_warnings(${target})
    # A helper of one file would be "shadowed" by a parameter in a header that the next file includes.
    target_compile_options(${target} PRIVATE -Wno-shadow)
  endif()
endfunction()

# GCC treats a source inside a unit as a header, where a type of an unnamed namespace would be a fault.
function(redstart_unity_warnings target)
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endfunction()

# When embedded, the headers of `target` are system headers for targets that link it, so a parent's warning flags skip them.
function(redstart_system_headers target)
  if(NOT PROJECT_IS_TOP_LEVEL)
    get_target_property(dirs ${target} INTERFACE_INCLUDE_DIRECTORIES)
    if(dirs)
      set_property(TARGET ${target} APPEND PROPERTY INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${dirs})
    endif()
  endif()
endfunction()

# Warnings and sanitizers. Private: they never reach targets that link the library.
function(redstart_target_defaults target)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  if(NOT PROJECT_IS_TOP_LEVEL)
    # A parent's warning flags are for the parent's code.
    target_compile_options(${target} PRIVATE -w)
    return()
  endif()

  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Wold-style-cast -Wcast-qual
    -Woverloaded-virtual -Wnull-dereference -Wformat=2 -Wimplicit-fallthrough
    $<$<BOOL:${REDSTART_WARNINGS_AS_ERRORS}>:-Werror>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # GCC 12 warns of null pointers where it has inlined Asio and std::shared_ptr. Fully optimised, it also warns of
    # overlaps and impossible sizes in std::string (its bug 105651), and of a mismatched delete where a coroutine's
    # frame is destroyed (bug 106950).
    target_compile_options(${target} PRIVATE -Wno-null-dereference -Wno-mismatched-new-delete
      $<$<CONFIG:Release>:-Wno-restrict -Wno-stringop-overflow -Wno-array-bounds>)
  endif()

  set(flags "")
  if(REDSTART_SANITIZE)
    list(JOIN REDSTART_SANITIZE "," names)
    list(APPEND flags -fsanitize=${names})
  endif()
  if(REDSTART_BUILD_FUZZERS)
    list(APPEND flags -fsanitize=fuzzer-no-link,address,undefined)
  endif()
  if(NOT flags)
    return()
  endif()
  list(APPEND flags -fno-omit-frame-pointer)
  if("${flags}" MATCHES "undefined")
    list(APPEND flags -fno-sanitize-recover=undefined)
    if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
      list(APPEND flags -fno-sanitize=function)
    endif()
  endif()
  target_compile_options(${target} PRIVATE ${flags})
  target_link_options(${target} PRIVATE ${flags})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC sees the sanitizers' own null checks as paths on which a pointer is null.
    target_compile_options(${target} PRIVATE -Wno-null-dereference -Wno-maybe-uninitialized)
  endif()
endfunction()

# redstart_component(name SOURCES a.cpp… HEADERS a.hpp…): the library redstart::<name>, which an installed redstart offers as
# a component. Embedded in a parent, it is built only where a target links it.
function(redstart_component name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;HEADERS")
  set(target redstart_${name})
  add_library(${target})
  add_library(redstart::${name} ALIAS ${target})
  target_sources(${target} PRIVATE ${arg_SOURCES})
  target_include_directories(${target} PRIVATE src)
  if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.23)
    target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS include FILES ${arg_HEADERS})
  endif()
  redstart_system_headers(${target})
  target_link_libraries(${target} PUBLIC redstart)
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name}
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
    VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ${redstart_pic}
    VERIFY_INTERFACE_HEADER_SETS ${REDSTART_BUILD_TESTS})
  redstart_target_defaults(${target})
  redstart_unity(${target})
  if(NOT PROJECT_IS_TOP_LEVEL)
    set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
endfunction()

# redstart_program(name SOURCES a.cpp… [LIBRARIES target…]): a program in build/<preset>/bin, linked with redstart.
function(redstart_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE redstart::redstart ${arg_LIBRARIES})
  redstart_target_defaults(${name})
endfunction()
