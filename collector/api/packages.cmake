# Makes what the dashboard takes from others, in OUT: preact.js (Preact with htm as one module), uplot.js, uplot.css; of
# the packages that package-lock.json in DASHBOARD pins. npm fetches them into WORK; or the folder PACKAGES has them as
# npm's registry has, fetched elsewhere.
#   cmake -D DASHBOARD=dashboard -D NPM=npm -D WORK=folder -D OUT=folder -P packages.cmake
#   cmake -D DASHBOARD=dashboard -D PACKAGES=folder -D WORK=folder -D OUT=folder -P packages.cmake
file(READ ${DASHBOARD}/package-lock.json lock)
set(elsewhere "")
foreach(name htm uplot)
  string(JSON version GET "${lock}" packages node_modules/${name} version)
  string(JSON pinned_${name} GET "${lock}" packages node_modules/${name} integrity)
  set(file_${name} ${name}-${version}.tgz)
  string(APPEND elsewhere " https://registry.npmjs.org/${name}/-/${file_${name}}")
endforeach()

function(fetch_by_npm)
  file(COPY ${DASHBOARD}/package.json ${DASHBOARD}/package-lock.json DESTINATION ${WORK})
  execute_process(COMMAND ${NPM} ci --prefix ${WORK} --omit=dev --ignore-scripts --no-audit --no-fund --prefer-offline
                          --loglevel=error
                  RESULT_VARIABLE failure OUTPUT_QUIET)
  if(failure)
    message(FATAL_ERROR "npm could not fetch what draws the dashboard; why, it says above.\n"
            "Behind a proxy that inspects TLS it has to trust the proxy's authority: npm config set cafile /path/to/ca.pem\n"
            "Through a proxy: npm config set https-proxy http://HOST:PORT\n"
            "Without npm or a network: get these elsewhere, into one folder, and cmake -DMTAWATCH_NPM_PACKAGES=FOLDER ...\n"
            "${elsewhere}")
  endif()
endfunction()

function(unpack name)
  set(package ${PACKAGES}/${file_${name}})
  if(NOT EXISTS ${package})
    message(FATAL_ERROR "MTAWATCH_NPM_PACKAGES: there is no file ${package}; needed are${elsewhere}")
  endif()
  execute_process(COMMAND openssl dgst -sha512 -binary ${package} COMMAND openssl base64 -A
                  OUTPUT_VARIABLE sum COMMAND_ERROR_IS_FATAL ANY)
  if(NOT pinned_${name} STREQUAL "sha512-${sum}")
    message(FATAL_ERROR "MTAWATCH_NPM_PACKAGES: ${package} is not the package that dashboard/package-lock.json pins: its "
            "sum is sha512-${sum}, not ${pinned_${name}}")
  endif()
  file(ARCHIVE_EXTRACT INPUT ${package} DESTINATION ${WORK}/unpacked)
  file(MAKE_DIRECTORY ${WORK}/node_modules)
  file(REMOVE_RECURSE ${WORK}/node_modules/${name})
  file(RENAME ${WORK}/unpacked/package ${WORK}/node_modules/${name})
endfunction()

file(MAKE_DIRECTORY ${WORK})
if(PACKAGES)
  unpack(htm)
  unpack(uplot)
else()
  fetch_by_npm()
endif()
set(from ${WORK}/node_modules)
configure_file(${from}/htm/preact/standalone.module.js ${OUT}/preact.js COPYONLY)
configure_file(${from}/uplot/dist/uPlot.min.css ${OUT}/uplot.css COPYONLY)
file(READ ${from}/uplot/dist/uPlot.iife.min.js text) # its own module is not made small
file(WRITE ${OUT}/uplot.js "${text}\nexport default uPlot;\n")
