# Makes OUT, Preact with htm as one module, of the package htm that package-lock.json in DASHBOARD pins. npm fetches it
# into WORK; or PACKAGE is that package as npm's registry has it, fetched elsewhere.
#   cmake -D DASHBOARD=dashboard -D NPM=npm -D WORK=folder -D OUT=preact.js -P preact.cmake
#   cmake -D DASHBOARD=dashboard -D PACKAGE=htm-3.1.1.tgz -D WORK=folder -D OUT=preact.js -P preact.cmake
file(READ ${DASHBOARD}/package-lock.json lock)
string(JSON version GET "${lock}" packages node_modules/htm version)
string(JSON pinned GET "${lock}" packages node_modules/htm integrity)
set(elsewhere "https://registry.npmjs.org/htm/-/htm-${version}.tgz")

function(fetch_by_npm folder)
  file(COPY ${DASHBOARD}/package.json ${DASHBOARD}/package-lock.json DESTINATION ${WORK})
  execute_process(COMMAND ${NPM} ci --prefix ${WORK} --omit=dev --ignore-scripts --no-audit --no-fund --prefer-offline
                          --loglevel=error
                  RESULT_VARIABLE failure OUTPUT_QUIET)
  if(failure)
    message(FATAL_ERROR "npm could not fetch htm ${version}, which draws the dashboard; why, it says above.\n"
            "Behind a proxy that inspects TLS it has to trust the proxy's authority: npm config set cafile /path/to/ca.pem\n"
            "Through a proxy: npm config set https-proxy http://HOST:PORT\n"
            "Without npm or a network: get ${elsewhere} elsewhere, and cmake -DMTAWATCH_HTM=/path/to/htm-${version}.tgz ...")
  endif()
  set(${folder} ${WORK}/node_modules/htm PARENT_SCOPE)
endfunction()

function(unpack folder)
  if(NOT EXISTS ${PACKAGE})
    message(FATAL_ERROR "MTAWATCH_HTM: there is no file ${PACKAGE}; it is ${elsewhere}")
  endif()
  execute_process(COMMAND openssl dgst -sha512 -binary ${PACKAGE} COMMAND openssl base64 -A
                  OUTPUT_VARIABLE sum COMMAND_ERROR_IS_FATAL ANY)
  if(NOT pinned STREQUAL "sha512-${sum}")
    message(FATAL_ERROR "MTAWATCH_HTM: ${PACKAGE} is not the package that dashboard/package-lock.json pins, "
            "${elsewhere}: its sum is sha512-${sum}, not ${pinned}")
  endif()
  file(ARCHIVE_EXTRACT INPUT ${PACKAGE} DESTINATION ${WORK})
  set(${folder} ${WORK}/package PARENT_SCOPE)
endfunction()

file(MAKE_DIRECTORY ${WORK})
if(PACKAGE)
  unpack(htm)
else()
  fetch_by_npm(htm)
endif()
configure_file(${htm}/preact/standalone.module.js ${OUT} COPYONLY)
