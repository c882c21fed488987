# The libraries of the Windows agent, as the imported targets `curl` and `cjson`.
#
# scripts/windows-deps builds them outside of the source tree and knows where. Another folder with
# the same files (lib/*.a, include/) can be named by -DMTAWATCH_WINDOWS_DEPS=DIR.
set(MTAWATCH_WINDOWS_DEPS "" CACHE PATH "Folder of the Windows agent's libraries")
set(windows_deps "${MTAWATCH_WINDOWS_DEPS}")
if(NOT windows_deps)
  execute_process(COMMAND ${CMAKE_CURRENT_LIST_DIR}/../../scripts/windows-deps --where
                  OUTPUT_VARIABLE windows_deps OUTPUT_STRIP_TRAILING_WHITESPACE
                  COMMAND_ERROR_IS_FATAL ANY)
endif()
if(NOT EXISTS ${windows_deps}/lib/libcurl.a)
  message(FATAL_ERROR "the libraries of the Windows agent are not in ${windows_deps}; "
                      "build them with scripts/windows-deps")
endif()

# windows_dep(NAME FILE): an imported static library, headers included.
function(windows_dep name file)
  add_library(${name} STATIC IMPORTED GLOBAL)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${windows_deps}/lib/${file}
                        INTERFACE_INCLUDE_DIRECTORIES ${windows_deps}/include)
endfunction()

windows_dep(mbedcrypto libmbedcrypto.a)
windows_dep(mbedx509 libmbedx509.a)
windows_dep(mbedtls libmbedtls.a)
windows_dep(curl libcurl.a)
windows_dep(cjson libcjson.a)

target_link_libraries(mbedcrypto INTERFACE advapi32)
target_link_libraries(mbedx509 INTERFACE mbedcrypto)
target_link_libraries(mbedtls INTERFACE mbedx509)
target_compile_definitions(mbedcrypto INTERFACE "MBEDTLS_CONFIG_FILE=<mbedtls_config_agent.h>")
# mbedTLS computes SHA-384 with a function that is declared for the 64 bytes of SHA-512 and writes 48;
# the optimizer sees only the declaration.
target_link_options(mbedcrypto INTERFACE -Wno-stringop-overflow)
target_link_libraries(curl INTERFACE mbedtls ws2_32)
target_compile_definitions(curl INTERFACE CURL_STATICLIB)
# Without this, cJSON exports its whole interface from the program, and nothing of it is left out.
target_compile_definitions(cjson INTERFACE CJSON_HIDE_SYMBOLS)
