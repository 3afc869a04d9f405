# Finds libwebp with its parts for animations: WebP::mux, which writes them, and WebP::demux, which reads them. Debian's
# package has no file for CMake.

include_guard(GLOBAL)

find_path(WebP_INCLUDE_DIR webp/mux.h)
set(_webp_variables WebP_INCLUDE_DIR)
foreach (_webp_part IN ITEMS webp webpmux webpdemux)
    find_library(WebP_${_webp_part}_LIBRARY ${_webp_part})
    list(APPEND _webp_variables WebP_${_webp_part}_LIBRARY)
endforeach ()
mark_as_advanced(${_webp_variables})

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(WebP REQUIRED_VARS ${_webp_variables})

if (WebP_FOUND AND NOT TARGET WebP::mux)
    foreach (_webp_part IN ITEMS mux demux)
        add_library(WebP::${_webp_part} UNKNOWN IMPORTED)
        set_target_properties(WebP::${_webp_part} PROPERTIES
            IMPORTED_LOCATION "${WebP_webp${_webp_part}_LIBRARY}"
            INTERFACE_INCLUDE_DIRECTORIES "${WebP_INCLUDE_DIR}"
            INTERFACE_LINK_LIBRARIES "${WebP_webp_LIBRARY}")
    endforeach ()
endif ()
