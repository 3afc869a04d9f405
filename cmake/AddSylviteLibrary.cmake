# How a project turns its algorithms into static libraries. Part of the installed package.

include_guard(GLOBAL)

# add_sylvite_generator(NAME SOURCE...)
#
# The program NAME that compiles what its sources declare with SYLVITE_GENERATOR, or with HALIDE_REGISTER_GENERATOR;
# `NAME -h` lists its options.
function(add_sylvite_generator name)
    add_executable(${name} ${ARGN})
    target_link_libraries(${name} PRIVATE Sylvite::generator_main)
endfunction()

# add_sylvite_library(NAME FROM generator-program
#                     [GENERATOR algorithm]             default: NAME
#                     [FUNCTION_NAME function]          default: NAME
#                     [TARGET target]                   default: host
#                     [DERIVATIVE jvp|vjp|grad|hvp... [WRT input...] [PRIMAL true|false]]
#                     [SCHEDULE file.sched|auto|none]   default: auto; a Halide::Generator<>'s own without DERIVATIVE
#                     [AUTOSCHEDULER name]              one of Halide's in place of Sylvite's
#                     [PARAMS name=value...])
#
# Several derivatives are applied in their order, with respect to the same inputs; without WRT, to all float inputs.
# PRIMAL says whether the outputs of what is differentiated stay beside the derivatives: true by default, and false where
# the generator is a Halide::Generator<>.
#
# Runs the generator at build time. The library NAME then carries a static library, the directory of its header
# FUNCTION_NAME.h, and the run time of Halide and Sylvite: link NAME and include the header, nothing else.
function(add_sylvite_library name)
    set(single FROM GENERATOR FUNCTION_NAME TARGET SCHEDULE AUTOSCHEDULER PRIMAL)
    set(multiple DERIVATIVE WRT PARAMS)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "${single}" "${multiple}")
    set(where "add_sylvite_library(${name})")
    if (arg_UNPARSED_ARGUMENTS)
        list(JOIN arg_UNPARSED_ARGUMENTS " " unknown)
        list(JOIN single ", " known)
        list(JOIN multiple ", " more)
        message(FATAL_ERROR "${where} does not know ${unknown}; it takes ${known}, ${more}")
    endif ()
    if (arg_KEYWORDS_MISSING_VALUES)
        list(JOIN arg_KEYWORDS_MISSING_VALUES " and " keywords)
        message(FATAL_ERROR "${where} needs a value after ${keywords}")
    endif ()
    if (NOT TARGET "${arg_FROM}")
        message(FATAL_ERROR "${where} needs FROM and a program made by add_sylvite_generator; FROM is '${arg_FROM}'")
    endif ()
    set(derivatives jvp vjp grad hvp)
    foreach (derivative IN LISTS arg_DERIVATIVE)
        if (NOT derivative IN_LIST derivatives)
            message(FATAL_ERROR "${where} needs derivatives of jvp, vjp, grad, hvp; one is '${derivative}'")
        endif ()
    endforeach ()
    if (arg_WRT AND NOT arg_DERIVATIVE)
        message(FATAL_ERROR "${where} has WRT but no DERIVATIVE: add DERIVATIVE grad, or take WRT away")
    endif ()
    if (DEFINED arg_PRIMAL AND NOT arg_DERIVATIVE)
        message(FATAL_ERROR "${where} has PRIMAL but no DERIVATIVE: add DERIVATIVE vjp, or take PRIMAL away")
    endif ()
    foreach (param IN LISTS arg_PARAMS)
        if (NOT param MATCHES "^[A-Za-z_][A-Za-z0-9_]*=.+$")
            message(FATAL_ERROR "${where} needs PARAMS as name=value; one is '${param}'")
        endif ()
    endforeach ()

    foreach (pair IN ITEMS "GENERATOR;${name}" "FUNCTION_NAME;${name}" "TARGET;host")
        list(GET pair 0 key)
        if (NOT arg_${key})
            list(GET pair 1 arg_${key})
        endif ()
    endforeach ()
    set(arguments "target=${arg_TARGET}")
    set(inputs ${arg_FROM})
    foreach (key IN ITEMS DERIVATIVE WRT PRIMAL AUTOSCHEDULER)
        if (arg_${key})
            list(JOIN arg_${key} "," value)
            string(TOLOWER "${key}" word)
            list(APPEND arguments "${word}=${value}")
        endif ()
    endforeach ()
    if (arg_SCHEDULE AND NOT arg_SCHEDULE MATCHES "^(auto|none)$")
        cmake_path(ABSOLUTE_PATH arg_SCHEDULE NORMALIZE)
        if (NOT EXISTS "${arg_SCHEDULE}")
            message(FATAL_ERROR "${where} needs SCHEDULE to be a file, auto or none; there is no ${arg_SCHEDULE}")
        endif ()
        list(APPEND inputs "${arg_SCHEDULE}")
    endif ()
    if (arg_SCHEDULE)
        list(APPEND arguments "schedule=${arg_SCHEDULE}")
    endif ()
    list(APPEND arguments ${arg_PARAMS})

    set(folder "${CMAKE_CURRENT_BINARY_DIR}/${name}")
    set(archive "${folder}/${arg_FUNCTION_NAME}.a")
    add_custom_command(
        OUTPUT "${archive}" "${folder}/${arg_FUNCTION_NAME}.h"
        COMMAND "${CMAKE_COMMAND}" -E make_directory "${folder}"
        COMMAND ${arg_FROM} -g ${arg_GENERATOR} -f ${arg_FUNCTION_NAME} -o "${folder}" -e static_library,c_header
                ${arguments} runtime=none
        DEPENDS ${inputs}
        COMMENT "Compiling ${arg_FUNCTION_NAME} with ${arg_FROM}"
        VERBATIM)
    add_custom_target(${name}_files DEPENDS "${archive}")
    add_library(${name} INTERFACE)
    add_dependencies(${name} ${name}_files)
    target_sources(${name} INTERFACE "${folder}/${arg_FUNCTION_NAME}.h")
    target_include_directories(${name} INTERFACE "${folder}")
    _sylvite_halide_runtime(${arg_FROM} ${arg_TARGET})
    # A target, not a file: CMake then knows that it comes before the run times, however many libraries share them.
    add_library(${name}_archive STATIC IMPORTED GLOBAL)
    set_target_properties(${name}_archive PROPERTIES IMPORTED_LOCATION "${archive}" INTERFACE_LINK_LIBRARIES
                          "Sylvite::runtime;sylvite_halide_runtime_${arg_TARGET}")
    target_link_libraries(${name} INTERFACE ${name}_archive)
endfunction()

# The library sylvite_halide_runtime_TARGET: Halide's run time, once for all libraries of a target. It is the same from
# whatever generator it comes.
function(_sylvite_halide_runtime generator target)
    set(name sylvite_halide_runtime_${target})
    if (TARGET ${name})
        return()
    endif ()
    set(folder "${CMAKE_CURRENT_BINARY_DIR}/${name}")
    set(archive "${folder}/halide_runtime.a")
    add_custom_command(
        OUTPUT "${archive}"
        COMMAND "${CMAKE_COMMAND}" -E make_directory "${folder}"
        COMMAND ${generator} -r halide_runtime -o "${folder}" target=${target}
        COMMENT "Compiling Halide's run time for ${target}"
        VERBATIM)
    add_custom_target(${name}_files DEPENDS "${archive}")
    add_library(${name} INTERFACE)
    add_dependencies(${name} ${name}_files)
    target_link_libraries(${name} INTERFACE "${archive}" Threads::Threads ${CMAKE_DL_LIBS})
endfunction()
