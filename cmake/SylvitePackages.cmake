# sylvite_find(PACKAGE REMEDY [VERSION]): find_package that says what to install when there is none. REMEDY is the
# Debian package, or a sentence.
macro(sylvite_find package remedy)
    find_package(${package} ${ARGN} QUIET)
    if (NOT ${package}_FOUND)
        if ("${remedy}" MATCHES " ")
            set(_sylvite_remedy "${remedy}")
        else ()
            set(_sylvite_remedy "./dev build installs it, or: apt-get install ${remedy}")
        endif ()
        message(FATAL_ERROR "Sylvite needs ${package} ${ARGN}, which was not found: ${_sylvite_remedy}.")
    endif ()
endmacro()
