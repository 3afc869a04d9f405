# Finding what the project needs, with an error that says what to install. REMEDY is the Debian package, or a sentence.

function(_sylvite_missing what remedy)
    if (NOT remedy MATCHES " ")
        set(remedy "./dev build installs it, or: apt-get install ${remedy}")
    endif ()
    message(FATAL_ERROR "Sylvite needs ${what}, which was not found: ${remedy}.")
endfunction()

# sylvite_find(PACKAGE REMEDY [VERSION])
macro(sylvite_find package remedy)
    find_package(${package} ${ARGN} QUIET)
    if (NOT ${package}_FOUND)
        _sylvite_missing("${package} ${ARGN}" "${remedy}")
    endif ()
endmacro()

# sylvite_find_program(VARIABLE PROGRAM REMEDY [FOLDER...])
function(sylvite_find_program variable program remedy)
    find_program(${variable} ${program} HINTS "${PROJECT_SOURCE_DIR}/.deps/bin" ${ARGN})
    if (NOT ${variable})
        _sylvite_missing(${program} "${remedy}")
    endif ()
endfunction()
