# How an app becomes its generator, its libraries and its program.

include_guard(GLOBAL)

# sylvite_apps(FOLDER): each folder in it, by its CMakeLists.txt, or as sylvite_app(its name) where it has only sources.
function(sylvite_apps folder)
    file(GLOB files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*/CMakeLists.txt"
         "${PROJECT_SOURCE_DIR}/${folder}/*/*.cpp")
    list(TRANSFORM files REPLACE "/[^/]*$" "" OUTPUT_VARIABLE apps)
    list(REMOVE_DUPLICATES apps)
    foreach (app IN LISTS apps)
        cmake_path(GET app FILENAME name)
        if ("${app}/CMakeLists.txt" IN_LIST files)
            add_subdirectory("${app}")
        else ()
            sylvite_app(${name} FOLDER "${app}")
        endif ()
    endforeach ()
endfunction()

# sylvite_app(NAME [WRT input...] [PARAMS name=value...] [FORWARD_SCHEDULE file] [GRAD_SCHEDULE file]
#             [DEFINITIONS definition...] [FOLDER folder])
#
# From the folder, by default the current one:
#   NAME_generator            from generator.cpp, which declares the generator NAME
#   NAME_forward, NAME_grad   static libraries compiled by it: the program, and its gradient by the inputs WRT, by
#                             default all float inputs
#   NAME_parts                all other sources but main.cpp, for the program and for tests
#   NAME                      the program, from main.cpp. It sees each build parameter, n=256, as NAME_N=256
function(sylvite_app name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "FORWARD_SCHEDULE;GRAD_SCHEDULE;FOLDER" "WRT;PARAMS;DEFINITIONS")
    if (arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "sylvite_app(${name}) does not know ${arg_UNPARSED_ARGUMENTS}")
    endif ()
    if (NOT arg_FOLDER)
        set(arg_FOLDER "${CMAKE_CURRENT_SOURCE_DIR}")
    endif ()
    foreach (file IN ITEMS generator.cpp main.cpp)
        if (NOT EXISTS "${arg_FOLDER}/${file}")
            message(FATAL_ERROR "sylvite_app(${name}) needs a generator.cpp and a main.cpp; there is no "
                                "${arg_FOLDER}/${file}")
        endif ()
    endforeach ()
    file(GLOB parts CONFIGURE_DEPENDS "${arg_FOLDER}/*.cpp")
    list(FILTER parts EXCLUDE REGEX "/(main|generator)\\.cpp$")
    if (parts)
        add_library(${name}_parts STATIC ${parts})
        target_link_libraries(${name}_parts PUBLIC Sylvite::apps PRIVATE sylvite_options)
    else ()
        add_library(${name}_parts INTERFACE)
        target_link_libraries(${name}_parts INTERFACE Sylvite::apps)
    endif ()

    add_sylvite_generator(${name}_generator "${arg_FOLDER}/generator.cpp")
    target_link_libraries(${name}_generator PRIVATE sylvite_options)
    foreach (kind IN ITEMS FORWARD GRAD)
        if (NOT arg_${kind}_SCHEDULE)
            set(arg_${kind}_SCHEDULE auto)
        endif ()
    endforeach ()
    set(generator FROM ${name}_generator GENERATOR ${name})
    if (arg_PARAMS)
        list(APPEND generator PARAMS ${arg_PARAMS})
    endif ()
    set(derivative DERIVATIVE grad)
    if (arg_WRT)
        list(APPEND derivative WRT ${arg_WRT})
    endif ()
    add_sylvite_library(${name}_forward ${generator} SCHEDULE ${arg_FORWARD_SCHEDULE})
    add_sylvite_library(${name}_grad ${generator} ${derivative} SCHEDULE ${arg_GRAD_SCHEDULE})

    add_executable(${name} "${arg_FOLDER}/main.cpp")
    target_link_libraries(${name} PRIVATE sylvite_options ${name}_parts ${name}_forward ${name}_grad)
    foreach (param IN LISTS arg_PARAMS)
        string(TOUPPER "${name}_${param}" definition)
        target_compile_definitions(${name} PRIVATE ${definition})
    endforeach ()
    target_compile_definitions(${name} PRIVATE ${arg_DEFINITIONS})
endfunction()
