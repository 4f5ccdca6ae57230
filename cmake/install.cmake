# Headers, both libraries, pkg-config file and CMake package.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/pflow)
install(TARGETS pflow pflow_static EXPORT pflowTargets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${PROJECT_SOURCE_DIR}/include/pflow.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/pflow
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT pflowTargets NAMESPACE pflow:: DESTINATION ${package_dir})

string(REPLACE ";" " " blas_modules "${PFLOW_CBLAS}")
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/pflowConfig.cmake.in
                              ${PROJECT_BINARY_DIR}/pflowConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/pflowConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/pflowConfig.cmake
              ${PROJECT_BINARY_DIR}/pflowConfigVersion.cmake
        DESTINATION ${package_dir})

# The prefix is told from the file's own place, so the installed tree can be moved.
file(RELATIVE_PATH to_prefix /p/${CMAKE_INSTALL_LIBDIR}/pkgconfig /p)
configure_file(${PROJECT_SOURCE_DIR}/pflow.pc.in ${PROJECT_BINARY_DIR}/pflow.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/pflow.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
