# Finds Halide 21 as its wheel or binary release lays it out: include/, lib64/ (or lib/), share/tools/.
#
# Looks in HALIDE_ROOT (CMake or environment variable), then in .deps/halide of this project, where ./dev puts it.
# Halide's own package file is not used because it refuses CMake before 3.28 and Debian 12 has 3.25.
#
# Targets: Halide::Halide (the compiler), Halide::Runtime (headers of deployed code), Halide::Tools (image files,
# benchmarks) and the autoscheduler plugins Halide::Adams2019, ::Anderson2021, ::Li2018, ::Mullapudi2016.

include_guard(GLOBAL)

set(_halide_places "")
if (HALIDE_ROOT)
    list(APPEND _halide_places "${HALIDE_ROOT}")
endif ()
if (DEFINED ENV{HALIDE_ROOT})
    list(APPEND _halide_places "$ENV{HALIDE_ROOT}")
endif ()
if (SYLVITE_HALIDE_HINT)
    list(APPEND _halide_places "${SYLVITE_HALIDE_HINT}")
endif ()
list(APPEND _halide_places "${CMAKE_CURRENT_LIST_DIR}/../.deps/halide")

find_path(Halide_INCLUDE_DIR Halide.h PATHS ${_halide_places} PATH_SUFFIXES include NO_DEFAULT_PATH)
find_library(Halide_LIBRARY Halide PATHS ${_halide_places} PATH_SUFFIXES lib64 lib NO_DEFAULT_PATH)
find_path(Halide_TOOLS_DIR halide_image_io.h PATHS ${_halide_places}
          PATH_SUFFIXES share/tools share/Halide/tools NO_DEFAULT_PATH)
mark_as_advanced(Halide_INCLUDE_DIR Halide_LIBRARY Halide_TOOLS_DIR)

if (Halide_INCLUDE_DIR)
    file(STRINGS "${Halide_INCLUDE_DIR}/HalideRuntime.h" _halide_version
         REGEX "^#define HALIDE_VERSION_(MAJOR|MINOR|PATCH) [0-9]+")
    list(TRANSFORM _halide_version REPLACE "^.* ([0-9]+)$" "\\1")
    list(JOIN _halide_version "." Halide_VERSION)
endif ()

list(JOIN _halide_places ", " _halide_places)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
    Halide
    REQUIRED_VARS Halide_LIBRARY Halide_INCLUDE_DIR Halide_TOOLS_DIR
    VERSION_VAR Halide_VERSION
    REASON_FAILURE_MESSAGE
    "Looked in: ${_halide_places}. Run ./dev build once, which puts Halide into .deps/, or set HALIDE_ROOT to an unpacked Halide 21 (the folder that holds include/Halide.h).")

if (Halide_FOUND AND NOT TARGET Halide::Halide)
    add_library(Halide::Runtime INTERFACE IMPORTED)
    target_include_directories(Halide::Runtime SYSTEM INTERFACE "${Halide_INCLUDE_DIR}")

    # The definitions are those of the official package: Halide.h must be read as libHalide.so was built.
    add_library(Halide::Halide SHARED IMPORTED)
    set_target_properties(Halide::Halide PROPERTIES IMPORTED_LOCATION "${Halide_LIBRARY}")
    target_compile_definitions(Halide::Halide INTERFACE HALIDE_ENABLE_RTTI HALIDE_WITH_EXCEPTIONS)
    target_compile_features(Halide::Halide INTERFACE cxx_std_17)
    target_link_libraries(Halide::Halide INTERFACE Halide::Runtime)

    add_library(Halide::Tools INTERFACE IMPORTED)
    target_include_directories(Halide::Tools SYSTEM INTERFACE "${Halide_TOOLS_DIR}")
    target_link_libraries(Halide::Tools INTERFACE Halide::Runtime)

    get_filename_component(Halide_LIBRARY_DIR "${Halide_LIBRARY}" DIRECTORY)
    foreach (_halide_plugin IN ITEMS Adams2019 Anderson2021 Li2018 Mullapudi2016)
        string(TOLOWER "${_halide_plugin}" _halide_file)
        add_library(Halide::${_halide_plugin} MODULE IMPORTED)
        set_target_properties(Halide::${_halide_plugin} PROPERTIES
            IMPORTED_LOCATION "${Halide_LIBRARY_DIR}/libautoschedule_${_halide_file}.so")
    endforeach ()
endif ()
