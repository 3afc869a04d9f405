# cmake -DBUILD=... -DWORK=... -DSOURCE=... -P consumer_test.cmake
#
# Installs the build BUILD below WORK, moves the installation, and uses it from the project SOURCE as a user would:
# configure, build, test; then with mistakes that must be refused in words.

cmake_minimum_required(VERSION 3.25)

function(run)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if (NOT result EQUAL 0)
        list(JOIN ARGN " " line)
        message(NOTICE "${output}")
        message(FATAL_ERROR "failed: ${line}")
    endif ()
endfunction()

# configure_fails(TEXT ARGUMENT...): configuring with the arguments stops with an error that contains TEXT.
function(configure_fails text)
    execute_process(COMMAND ${configure} --fresh -B "${WORK}/mistaken" ${ARGN}
                    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
    string(REGEX REPLACE "[ \n]+" " " words "${output}") # CMake breaks lines
    string(FIND "${words}" "${text}" at)
    if (result EQUAL 0 OR at EQUAL -1)
        message(NOTICE "${output}")
        message(FATAL_ERROR "expected an error with: ${text}; arguments: ${ARGN}")
    endif ()
endfunction()

file(REMOVE_RECURSE "${WORK}")
run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${WORK}/first")
file(RENAME "${WORK}/first" "${WORK}/moved")

set(configure "${CMAKE_COMMAND}" -S "${SOURCE}" -G Ninja "-DCMAKE_PREFIX_PATH=${WORK}/moved"
    "-DCMAKE_CXX_COMPILER=${CXX}" "-DCMAKE_CXX_FLAGS=${CXX_FLAGS}")
run(${configure} -B "${WORK}/build")
run("${CMAKE_COMMAND}" --build "${WORK}/build")
run("${CMAKE_CTEST_COMMAND}" --test-dir "${WORK}/build" --output-on-failure)

configure_fails("add_sylvite_library(mistaken) does not know COLOUR red" "-DMISTAKE=COLOUR\;red")
configure_fails("needs a value after GENERATOR" "-DMISTAKE=GENERATOR\;PARAMS\;n=3")
configure_fails("needs derivatives of jvp, vjp, grad, hvp; one is 'gradient'" "-DMISTAKE=DERIVATIVE\;gradient")
configure_fails("has WRT but no DERIVATIVE" "-DMISTAKE=WRT\;start")
configure_fails("has PRIMAL but no DERIVATIVE" "-DMISTAKE=PRIMAL\;true")
configure_fails("needs PARAMS as name=value; one is 'n'" "-DMISTAKE=PARAMS\;n")
configure_fails("needs SCHEDULE to be a file, auto or none; there is no ${SOURCE}/no.sched"
                "-DMISTAKE=SCHEDULE\;no.sched")

# An installation whose Halide is gone says so, and how to go on.
file(GLOB_RECURSE config "${WORK}/moved/*/SylviteConfig.cmake")
file(READ "${config}" text)
string(REGEX REPLACE "set\\(SYLVITE_HALIDE_HINT [^)]*\\)" "set(SYLVITE_HALIDE_HINT \"${WORK}/nowhere\")" text "${text}")
file(WRITE "${config}" "${text}")
configure_fails("or set HALIDE_ROOT to an unpacked Halide 21")
