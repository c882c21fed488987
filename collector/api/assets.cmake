# Makes OUT, the C table of the files in DIRECTORY, and of others (collector/api/assets_table.h).
#   cmake -D DIRECTORY=dashboard -D "MORE=openapi.json;preact.js" -D ZOPFLI=zopfli -D TERSER=terser -D OUT=assets_table.c -P assets.cmake
cmake_policy(SET CMP0057 NEW) # IN_LIST
set(ENV{NODE_PATH} /usr/share/nodejs) # where Debian's terser has its modules, whichever node runs it
set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_svg "image/svg+xml")
set(type_json "application/json")
set(served ${OUT}.served)
set(packed ${OUT}.gz)

# The bytes of FILE as elements of a C array.
function(read_bytes file out)
  string(REPEAT "0x..," 16 sixteen) # so that lines stay short
  file(READ ${file} bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(REGEX REPLACE "${sixteen}" "\\0\n" bytes "${bytes}")
  set(${out} "${bytes}" PARENT_SCOPE)
endfunction()

# Writes FILE to `served` without what a browser does not need: of a module terser leaves that out, of a style the
# comments that begin a line, and indentation. What others made small stays as it is.
function(make_small file extension)
  file(READ ${file} text)
  if(extension STREQUAL "js" AND NOT file IN_LIST MORE)
    execute_process(COMMAND ${TERSER} --module --compress --mangle -- ${file} OUTPUT_FILE ${served}
                    COMMAND_ERROR_IS_FATAL ANY)
    return()
  endif()
  if(extension STREQUAL "css" AND NOT file IN_LIST MORE)
    string(REGEX REPLACE "\n */\\*([^*]|\\*+[^*/])*\\*+/" "\n" text "\n${text}")
    string(REGEX REPLACE "\n +" "\n" text "${text}")
    string(SUBSTRING "${text}" 1 -1 text)
  endif()
  file(WRITE ${served} "${text}")
endfunction()

file(GLOB files LIST_DIRECTORIES false ${DIRECTORY}/*)
list(FILTER files EXCLUDE REGEX "/package(-lock)?\\.json$") # for the build, not for browsers
list(APPEND files ${MORE})
set(arrays "")
set(rows "")
set(number 0)
foreach(file ${files})
  cmake_path(GET file FILENAME name)
  string(REGEX MATCH "[^.]*$" extension ${name})
  if(NOT DEFINED type_${extension})
    continue() # a note for people
  endif()
  if(extension MATCHES "^(js|css)$")
    make_small(${file} ${extension})
  else()
    configure_file(${file} ${served} COPYONLY)
  endif()
  execute_process(COMMAND ${ZOPFLI} -c ${served} OUTPUT_FILE ${packed} COMMAND_ERROR_IS_FATAL ANY)
  read_bytes(${served} bytes)
  read_bytes(${packed} packed_bytes)
  file(SHA256 ${served} hash)
  file(SIZE ${served} size)
  file(SIZE ${packed} packed_size)
  string(SUBSTRING ${hash} 0 16 hash)
  string(APPEND arrays "static const unsigned char file_${number}[] = {\n${bytes}0 };\n"
         "static const unsigned char packed_${number}[] = {\n${packed_bytes}0 };\n")
  string(APPEND rows "\t{ \"${name}\", \"${type_${extension}}\",\n"
         "\t  { \"\\\"${hash}\\\"\", (const char *)file_${number}, ${size} },\n"
         "\t  { \"\\\"${hash}-gzip\\\"\", (const char *)packed_${number}, ${packed_size} } },\n")
  math(EXPR number "${number} + 1")
endforeach()
file(REMOVE ${served} ${packed})
if(number EQUAL 0)
  message(FATAL_ERROR "there is no dashboard in ${DIRECTORY}")
endif()
file(WRITE ${OUT} "#include \"collector/api/assets_table.h\"\n\n${arrays}\n"
     "const struct asset assets_table[] = {\n${rows}};\n"
     "const size_t assets_table_size = ${number};\n")
