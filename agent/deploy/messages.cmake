# Makes OUT, the source of the message file, out of the rows of TABLE (agent/host/announce_events.def).
#   cmake -D TABLE=announce_events.def -D OUT=messages.mc -P messages.cmake
file(STRINGS ${TABLE} rows REGEX "^X\\(")
if(NOT rows)
  message(FATAL_ERROR "there are no events in ${TABLE}")
endif()
set(text "SeverityNames=(Information=0x1 Warning=0x2 Error=0x3)\n"
         "FacilityNames=(Agent=0x0)\n"
         "LanguageNames=(English=0x409:MSG00409)\n")
string(JOIN "" text ${text})
foreach(row IN LISTS rows)
  if(NOT row MATCHES "^X\\(([A-Z_]+), ([0-9]+), (INFORMATION|WARNING|ERROR), \"(.*)\"\\)")
    message(FATAL_ERROR "a row of ${TABLE} that is none: ${row}")
  endif()
  set(words "${CMAKE_MATCH_4}")
  string(SUBSTRING ${CMAKE_MATCH_3} 0 1 first)
  string(SUBSTRING ${CMAKE_MATCH_3} 1 -1 rest)
  string(TOLOWER ${rest} rest)
  string(APPEND text "\nMessageId=${CMAKE_MATCH_2}\nSeverity=${first}${rest}\nFacility=Agent\n"
                     "SymbolicName=${CMAKE_MATCH_1}\nLanguage=English\n${words}\n.\n")
endforeach()
string(REPLACE "\n" "\r\n" text "${text}")
file(WRITE ${OUT} "${text}")
