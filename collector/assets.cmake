# Makes OUT, the C table of the files in DIRECTORY, and of one more (collector/assets_table.h).
#   cmake -D DIRECTORY=dashboard -D MORE=openapi.json -D OUT=assets_table.c -P assets.cmake
set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_svg "image/svg+xml")
set(type_json "application/json")

file(GLOB files LIST_DIRECTORIES false ${DIRECTORY}/*)
list(APPEND files ${MORE})
string(REPEAT "0x..," 16 sixteen) # so that lines stay short
set(arrays "")
set(rows "")
set(number 0)
foreach(file ${files})
  cmake_path(GET file FILENAME name)
  string(REGEX MATCH "[^.]*$" extension ${name})
  if(NOT DEFINED type_${extension})
    continue() # a note or a picture for people
  endif()
  file(READ ${file} bytes HEX)
  file(SHA256 ${file} hash)
  file(SIZE ${file} size)
  string(SUBSTRING ${hash} 0 16 hash)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(REGEX REPLACE "${sixteen}" "\\0\n" bytes "${bytes}")
  string(APPEND arrays "static const unsigned char file_${number}[] = {\n${bytes}0 };\n")
  string(APPEND rows "\t{ \"${name}\", \"${type_${extension}}\", \"\\\"${hash}\\\"\", "
         "(const char *)file_${number}, ${size} },\n")
  math(EXPR number "${number} + 1")
endforeach()
if(number EQUAL 0)
  message(FATAL_ERROR "there is no dashboard in ${DIRECTORY}")
endif()
file(WRITE ${OUT} "#include \"collector/assets_table.h\"\n\n${arrays}\n"
     "const struct asset assets_table[] = {\n${rows}};\n"
     "const size_t assets_table_size = ${number};\n")
