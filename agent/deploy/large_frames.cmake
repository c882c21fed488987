# Arguments are pushed on Windows, which is shorter and takes giving up stack probes: only functions
# of these files have a frame of a page or more. A file that is missing here,
# tests/integration/test_windows_executable.py finds in the executable.
set(root ${CMAKE_SOURCE_DIR})
set_source_files_properties(
  ${root}/agent/config/print.c
  ${root}/agent/doctor/print.c
  ${root}/agent/host/image/root.c
  ${root}/agent/host/image/services.c
  ${root}/agent/host/win32/host.c
  ${root}/agent/platform/log.c
  ${root}/agent/platform/win32/files.c
  ${root}/agent/probe/probe.c
  ${root}/agent/run/cycle.c
  ${root}/agent/run/run.c
  ${root}/agent/service/win32/scm.c
  ${root}/agent/uplink/answer.c
  ${root}/proto/rpc/dialog.c
  ${root}/proto/rpc/epm.c
  DIRECTORY ${root}/agent ${root}/proto
  PROPERTIES COMPILE_OPTIONS "-mstack-arg-probe;-maccumulate-outgoing-args")
