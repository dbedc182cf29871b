# SPDX-License-Identifier: MIT OR Apache-2.0
# Run at every build: writes what the result file says of the build, touching it only when that has changed.
# cmake -DSOURCE=... -DOUTPUT=... -DPROJECT_VERSION=... -Dflags=... -P build.cmake
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12 RESULT_VARIABLE failed
                OUTPUT_VARIABLE commit ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
if(failed)
  set(commit unknown)
endif()
configure_file(${SOURCE}/tools/shared/build.h.in ${OUTPUT} @ONLY)
