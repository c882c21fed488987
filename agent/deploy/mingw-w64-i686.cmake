# Toolchain: Debian's mingw-w64, for one 32-bit program that Windows NT 4.0 SP6a loads.
#
# The oldest processor is the Pentium Pro: our code keeps to the Pentium, but the parts of libgcc and
# of the C runtime in Debian's compiler are made for the Pentium Pro. The libraries to link are in windows-deps.cmake.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86)

set(triplet i686-w64-mingw32)
set(CMAKE_C_COMPILER ${triplet}-gcc)
set(CMAKE_RC_COMPILER ${triplet}-windres)

# Only what is built for Windows is looked for in the target's folders, never the host's libraries.
set(CMAKE_FIND_ROOT_PATH /usr/${triplet})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

# Arguments are pushed, without stack probes: large_frames.cmake names the files that need these.
#
# No function or data sections: the optimization of the whole program at the link (windows preset)
# drops what nobody uses, and variables in sections of their own would no longer be in .bss.
string(JOIN " " CMAKE_C_FLAGS_INIT -march=i586 -mno-sse -mno-stack-arg-probe -mno-accumulate-outgoing-args
       -mpreferred-stack-boundary=2
       -fno-asynchronous-unwind-tables -fno-unwind-tables)

# Unwind tables are for C++ exceptions and debuggers. Those in the C runtime are left out by
# no-unwind-tables.ld; GCC's start files do nothing but register them, so programs name what they begin
# with: the agent deploy/start.c, another one `crt2`, the C runtime's.
execute_process(COMMAND ${CMAKE_C_COMPILER} -print-file-name=crt2.o OUTPUT_VARIABLE crt2
                OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)

# Version 4.0 in the header is what an NT 4.0 loader accepts. No relocations and none of the flags
# of later loaders: NT 4.0 has no use for them. No time stamp: the same source gives the same file.
string(JOIN " " CMAKE_EXE_LINKER_FLAGS_INIT -static -static-libgcc -nostartfiles
       "-Wl,-T,\"${CMAKE_CURRENT_LIST_DIR}/no-unwind-tables.ld\""
       -Wl,--gc-sections,--no-insert-timestamp,--stack,0x80000
       -Wl,--disable-reloc-section,--disable-dynamicbase,--disable-nxcompat
       -Wl,--major-os-version,4,--minor-os-version,0
       -Wl,--major-subsystem-version,4,--minor-subsystem-version,0)
set(CMAKE_EXE_LINKER_FLAGS_RELEASE_INIT -s)
set(CMAKE_EXE_LINKER_FLAGS_MINSIZEREL_INIT -s)
