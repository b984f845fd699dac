# SPDX-License-Identifier: Apache-2.0
# install.cmake: installs BUILD into a fresh directory and moves that to PREFIX.

file(REMOVE_RECURSE ${PREFIX} ${PREFIX}.stage)
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${PREFIX}.stage COMMAND_ERROR_IS_FATAL ANY
                OUTPUT_QUIET)
file(RENAME ${PREFIX}.stage ${PREFIX})
