# How a room of the project, and its tests, become targets.

include_guard(GLOBAL)

# What every target of the project is compiled with. -fPIC stands here, not in CMAKE_POSITION_INDEPENDENT_CODE, which
# would give programs -fPIE: then libraries and tests could not share one precompiled header.
add_library(sylvite_options INTERFACE)
target_compile_features(sylvite_options INTERFACE cxx_std_20 c_std_11)
target_compile_options(sylvite_options INTERFACE -Wall -Wextra -Werror -fPIC
                       # g++ 12 takes "i" + std::to_string(d) for overlapping, overlong or overrun memory when it
                       # optimises (GCC bug 105651), and members of a temporary struct for uninitialized.
                       $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
                       "$<$<AND:$<CXX_COMPILER_ID:GNU>,$<CONFIG:Release>>:-Wno-stringop-overflow;-Wno-array-bounds;-Wno-maybe-uninitialized>")
target_include_directories(sylvite_options INTERFACE "${PROJECT_SOURCE_DIR}")

# Halide.h precompiled once for all rooms: a file then takes 0.8 s to compile in place of 2.1 s.
file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/precompiled.cpp" CONTENT "// Carries the precompiled Halide.h.\n")
add_library(sylvite_precompiled STATIC EXCLUDE_FROM_ALL "${PROJECT_BINARY_DIR}/precompiled.cpp")
target_link_libraries(sylvite_precompiled PRIVATE sylvite_options Halide::Halide)
target_precompile_headers(sylvite_precompiled PRIVATE "<Halide.h>")

# sylvite_target(TARGET [LINK lib...]): what libraries, programs and tests that use Halide have in common.
function(sylvite_target target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LINK")
    target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:sylvite_options> ${arg_LINK})
    target_precompile_headers(${target} REUSE_FROM sylvite_precompiled)
endfunction()

# sylvite_library(NAME FOLDER [DEPENDS room...] [LINK lib...])
#
# Static library sylvite_NAME, alias Sylvite::NAME, from FOLDER/*.cpp and *.c. LINK names libraries that only its
# sources need. A folder without sources makes an INTERFACE library, so that a room may begin with a header.
function(sylvite_library name folder)
    cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "DEPENDS;LINK")
    set(target sylvite_${name})
    file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*.cpp" "${PROJECT_SOURCE_DIR}/${folder}/*.c")
    list(TRANSFORM arg_DEPENDS PREPEND "Sylvite::")
    if (sources)
        add_library(${target} STATIC ${sources})
        sylvite_target(${target} LINK ${arg_LINK})
        set(scope PUBLIC)
    else ()
        add_library(${target} INTERFACE)
        set(scope INTERFACE)
    endif ()
    target_compile_features(${target} ${scope} cxx_std_20)
    target_link_libraries(${target} ${scope} ${arg_DEPENDS} Halide::Halide)
    target_include_directories(${target} ${scope} "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR};${PROJECT_BINARY_DIR}/include>"
                               "$<INSTALL_INTERFACE:include/sylvite>")
    set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
    add_library(Sylvite::${name} ALIAS ${target})
endfunction()

# sylvite_room(NAME [DEPENDS room...] [LINK lib...]): the library of the top-level folder NAME.
function(sylvite_room name)
    sylvite_library(${name} ${name} ${ARGN})
endfunction()

# sylvite_deployed(NAME FOLDER LINK lib...): the library Sylvite::NAME from FOLDER/*.c and *.cpp, which deployed programs
# link: no Halide.h.
function(sylvite_deployed name folder)
    cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "LINK")
    set(target sylvite_${name})
    file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*.cpp" "${PROJECT_SOURCE_DIR}/${folder}/*.c")
    add_library(${target} STATIC ${sources})
    target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:sylvite_options> PUBLIC ${arg_LINK})
    target_include_directories(${target} PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>"
                               "$<INSTALL_INTERFACE:include/sylvite>")
    set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
    add_library(Sylvite::${name} ALIAS ${target})
endfunction()

# sylvite_program(NAME FOLDER [LINK lib...]): a program from FOLDER/*.cpp, if there are any.
function(sylvite_program name folder)
    file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*.cpp")
    if (sources)
        add_executable(${name} ${sources})
        sylvite_target(${name} ${ARGN})
    endif ()
endfunction()

# sylvite_tests(ROOM [LINK lib...])
#
# The program test_ROOM from tests/ROOM/*_test.cpp and tests/support/*.cpp, and one entry in ctest: a process for each
# test case would take four times as long.
function(sylvite_tests room)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LINK")
    set(folder "${PROJECT_SOURCE_DIR}/tests")
    file(GLOB tests CONFIGURE_DEPENDS "${folder}/${room}/*.cpp")
    list(FILTER tests EXCLUDE REGEX "_generator\\.cpp$")  # these are programs of their own
    if (NOT tests)
        return()
    endif ()
    file(GLOB support CONFIGURE_DEPENDS "${folder}/support/*.cpp")
    add_executable(test_${room} ${tests} ${support})
    sylvite_target(test_${room} LINK $<TARGET_NAME_IF_EXISTS:Sylvite::${room}> GTest::gmock ${arg_LINK})
    target_compile_definitions(test_${room} PRIVATE SYLVITE_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                               SYLVITE_BINARY_DIR="${PROJECT_BINARY_DIR}")
    add_test(NAME ${room} COMMAND test_${room} WORKING_DIRECTORY "${PROJECT_BINARY_DIR}")
endfunction()
