# windows_resources(TARGET): the version and the message file inside the program.
enable_language(RC)

function(windows_resources target)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/resources)
  set(deploy ${PROJECT_SOURCE_DIR}/agent/deploy)
  set(table ${PROJECT_SOURCE_DIR}/agent/host/announce_events.def)
  file(MAKE_DIRECTORY ${folder})
  configure_file(${deploy}/mtawatch-agent.rc.in ${folder}/mtawatch-agent.rc @ONLY)
  string(REGEX REPLACE "-gcc$" "-windmc" windmc ${CMAKE_C_COMPILER})
  add_custom_command(
    OUTPUT ${folder}/messages.rc ${folder}/messages.h ${folder}/MSG00409.bin
    COMMAND ${CMAKE_COMMAND} -D TABLE=${table} -D OUT=${folder}/messages.mc
            -P ${deploy}/messages.cmake
    COMMAND ${windmc} -C 1252 -U messages.mc
    WORKING_DIRECTORY ${folder}
    DEPENDS ${table} ${deploy}/messages.cmake
    COMMENT "Compiling the texts of the events")
  target_sources(${target} PRIVATE ${folder}/mtawatch-agent.rc)
  set_source_files_properties(${folder}/mtawatch-agent.rc PROPERTIES
                              OBJECT_DEPENDS ${folder}/messages.rc)
  target_include_directories(${target} PRIVATE $<$<COMPILE_LANGUAGE:RC>:${folder}>)
endfunction()
