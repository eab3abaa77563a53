# The installed library: one archive of the modules that an embedding program needs, the public headers, files for
# find_package(onda) and pkg-config, and ONNX Runtime's library in lib/onda, where the program looks for it.
include(CMakePackageConfigHelpers)

set(onda_library_modules base memory tensor runtime image)
foreach(module IN LISTS onda_library_modules)
  get_target_property(type onda_${module} TYPE)
  if(type STREQUAL "STATIC_LIBRARY")
    list(APPEND onda_library_objects $<TARGET_OBJECTS:onda_${module}>)
  endif()
endforeach()
add_library(onda_library STATIC ${onda_library_objects})
set_target_properties(onda_library PROPERTIES OUTPUT_NAME onda LINKER_LANGUAGE CXX)
if(ONDA_LTO AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC's intermediate code binds to this very compiler; those who link the archive get the machine code.
  add_custom_command(TARGET onda_library POST_BUILD
    COMMAND ${CMAKE_OBJCOPY} --wildcard --remove-section=.gnu.lto_* --remove-section=.gnu.debuglto_*
            --strip-symbol=__gnu_lto_slim --strip-symbol=__gnu_lto_v1 $<TARGET_FILE:onda_library>
    VERBATIM)
endif()

# What the archive needs: packages for find_package, modules for pkg-config.
set(onda_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/onda")
configure_package_config_file(cmake/onda-config.cmake.in "${CMAKE_BINARY_DIR}/generated/onda-config.cmake"
  INSTALL_DESTINATION "${onda_package_dir}" NO_CHECK_REQUIRED_COMPONENTS_MACRO
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file("${CMAKE_BINARY_DIR}/generated/onda-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
configure_file(cmake/onda.pc.in "${CMAKE_BINARY_DIR}/generated/onda.pc" @ONLY)

install(FILES $<TARGET_FILE:onda_library> DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY include/onda DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h")
install(FILES "${CMAKE_BINARY_DIR}/generated/onda-config.cmake"
              "${CMAKE_BINARY_DIR}/generated/onda-config-version.cmake" DESTINATION "${onda_package_dir}")
install(FILES "${CMAKE_BINARY_DIR}/generated/onda.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
# The program looks in ../lib/onda from its own directory, whatever the platform calls its libraries' directory.
install(FILES "${ONDA_ONNXRUNTIME_LIBRARY}" DESTINATION lib/onda RENAME libonnxruntime.so.1)
install(CODE "file(CREATE_LINK libonnxruntime.so.1
  \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/lib/onda/libonnxruntime.so\" SYMBOLIC)")
