# SPDX-License-Identifier: MIT OR Apache-2.0
# Writes OUTPUT, the C arrays of the page's parts: cmake -DSOURCE=FOLDER -DPARTS=a,b -DOUTPUT=FILE -P embed.cmake
string(REPLACE "," ";" parts "${PARTS}")
set(text "")
foreach(part ${parts})
  file(READ ${SOURCE}/${part} bytes HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  string(MAKE_C_IDENTIFIER ${part} name)
  string(APPEND text "static const unsigned char part_${name}[] = {${bytes}};\n")
endforeach()
file(WRITE ${OUTPUT} "${text}")
