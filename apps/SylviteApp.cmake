# How an app becomes its generator, its libraries and its program.

include_guard(GLOBAL)

# sylvite_app(NAME [WRT input...] [PARAMS name=value...] [FORWARD_SCHEDULE file] [GRAD_SCHEDULE file]
#             [DEFINITIONS definition...])
#
# From the current folder:
#   NAME_generator            from generator.cpp, which declares the generator NAME
#   NAME_forward, NAME_grad   static libraries compiled by it: the program, and its gradient by the inputs WRT
#   NAME_parts                all other sources but main.cpp, for the program and for tests
#   NAME                      the program, from main.cpp. It sees each build parameter, n=256, as NAME_N=256
function(sylvite_app name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "FORWARD_SCHEDULE;GRAD_SCHEDULE" "WRT;PARAMS;DEFINITIONS")
    if (arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "sylvite_app(${name}) does not know ${arg_UNPARSED_ARGUMENTS}")
    endif ()
    file(GLOB parts CONFIGURE_DEPENDS *.cpp)
    list(FILTER parts EXCLUDE REGEX "/(main|generator)\\.cpp$")
    add_library(${name}_parts STATIC ${parts})
    target_link_libraries(${name}_parts PUBLIC Sylvite::apps PRIVATE sylvite_options)

    add_sylvite_generator(${name}_generator generator.cpp)
    target_link_libraries(${name}_generator PRIVATE sylvite_options)
    foreach (kind IN ITEMS FORWARD GRAD)
        if (NOT arg_${kind}_SCHEDULE)
            set(arg_${kind}_SCHEDULE auto)
        endif ()
    endforeach ()
    add_sylvite_library(${name}_forward FROM ${name}_generator GENERATOR ${name} PARAMS ${arg_PARAMS}
                        SCHEDULE ${arg_FORWARD_SCHEDULE})
    add_sylvite_library(${name}_grad FROM ${name}_generator GENERATOR ${name} PARAMS ${arg_PARAMS}
                        DERIVATIVE grad WRT ${arg_WRT} SCHEDULE ${arg_GRAD_SCHEDULE})

    add_executable(${name} main.cpp)
    target_link_libraries(${name} PRIVATE sylvite_options ${name}_parts ${name}_forward ${name}_grad CLI11::CLI11)
    foreach (param IN LISTS arg_PARAMS)
        string(TOUPPER "${name}_${param}" definition)
        target_compile_definitions(${name} PRIVATE ${definition})
    endforeach ()
    target_compile_definitions(${name} PRIVATE ${arg_DEFINITIONS})
endfunction()
