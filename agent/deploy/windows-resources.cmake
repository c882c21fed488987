# windows_resources(TARGET): the program's version, and mtawatch-events.dll, the words of its events, which
# both installers put beside the program: `install` out of the program's resources, the package as a file.
# So the program's own file, which upgrades replace, is not the one that Event Viewer holds open.
enable_language(RC)

function(windows_resources target)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/resources)
  set(deploy ${PROJECT_SOURCE_DIR}/agent/deploy)
  set(table ${PROJECT_SOURCE_DIR}/agent/host/announce_events.def)
  set(library ${CMAKE_CURRENT_BINARY_DIR}/mtawatch-events.dll)
  file(MAKE_DIRECTORY ${folder})
  configure_file(${deploy}/mtawatch-agent.rc.in ${folder}/mtawatch-agent.rc @ONLY)
  string(REGEX REPLACE "-gcc$" "-windmc" windmc ${CMAKE_C_COMPILER})
  add_custom_command(
    OUTPUT ${library}
    COMMAND ${CMAKE_COMMAND} -D TABLE=${table} -D OUT=${folder}/messages.mc
            -P ${deploy}/messages.cmake
    COMMAND ${windmc} -C 1252 -U messages.mc
    COMMAND ${CMAKE_RC_COMPILER} messages.rc messages.o
    # The header's numbers are those of mingw-w64-i686.cmake; no other DLL is likely at this address.
    COMMAND ${CMAKE_C_COMPILER} -shared -nostdlib -s -o ${library} messages.o -Wl,-T,${deploy}/events.ld
            -Wl,-e,0,--image-base,0x6d740000,--no-insert-timestamp,--disable-dynamicbase,--disable-nxcompat
            -Wl,--major-os-version,4,--minor-os-version,0
            -Wl,--major-subsystem-version,4,--minor-subsystem-version,0
    WORKING_DIRECTORY ${folder}
    DEPENDS ${table} ${deploy}/messages.cmake ${deploy}/events.ld
    COMMENT "Compiling the texts of the events")
  target_sources(${target} PRIVATE ${folder}/mtawatch-agent.rc)
  set_source_files_properties(${folder}/mtawatch-agent.rc PROPERTIES OBJECT_DEPENDS ${library})
  target_include_directories(${target} PRIVATE $<$<COMPILE_LANGUAGE:RC>:${CMAKE_CURRENT_BINARY_DIR}>)
endfunction()
