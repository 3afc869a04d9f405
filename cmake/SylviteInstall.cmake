# `cmake --install`: headers, libraries, the sylvite program, and the package that find_package(Sylvite) reads.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/Sylvite")
set(targets generator_main check_gradients runtime trace ${SYLVITE_ROOMS})
list(TRANSFORM targets PREPEND "sylvite_")
foreach (target IN LISTS targets)
    if (TARGET ${target})
        install(TARGETS ${target} EXPORT Sylvite ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
    endif ()
endforeach ()
if (TARGET sylvite)
    get_filename_component(halide_libraries "${Halide_LIBRARY}" DIRECTORY)
    set_target_properties(sylvite PROPERTIES INSTALL_RPATH "${halide_libraries}")
    install(TARGETS sylvite RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif ()
install(EXPORT Sylvite NAMESPACE Sylvite:: DESTINATION "${package_folder}" FILE SylviteTargets.cmake)

install(DIRECTORY ${SYLVITE_ROOMS} DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/sylvite" FILES_MATCHING PATTERN "*.h")
install(FILES "${PROJECT_BINARY_DIR}/include/sylvite.h" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/sylvite")

# The Halide that was built against is recorded: an installed Sylvite needs the same one.
set(SYLVITE_HALIDE_HINT "${Halide_INCLUDE_DIR}/..")
cmake_path(ABSOLUTE_PATH SYLVITE_HALIDE_HINT NORMALIZE)
configure_package_config_file(cmake/SylviteConfig.cmake.in "${PROJECT_BINARY_DIR}/SylviteConfig.cmake"
                              INSTALL_DESTINATION "${package_folder}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/SylviteConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/SylviteConfig.cmake" "${PROJECT_BINARY_DIR}/SylviteConfigVersion.cmake"
              cmake/FindHalide.cmake cmake/AddSylviteLibrary.cmake
        DESTINATION "${package_folder}")
