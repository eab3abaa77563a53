# Fails the build when a module includes what the design does not let it (tools/check_includes.py holds the table).
# The check reads every source once; it runs again only when one of them, or the list of them, has changed.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
define_property(GLOBAL PROPERTY ONDA_PUBLIC_HEADERS)

# Notes which public headers the module implements.
function(onda_check_includes_of module)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "HEADERS")
  foreach(header IN LISTS arg_HEADERS)
    if(NOT EXISTS "${PROJECT_SOURCE_DIR}/include/${header}")
      message(FATAL_ERROR "Module ${module} names the public header ${header}, which is not in include/")
    endif()
    set_property(GLOBAL APPEND PROPERTY ONDA_PUBLIC_HEADERS "${module}=${header}")
  endforeach()
endfunction()

# Call it once, after the last module.
function(onda_finish_include_check)
  get_property(headers GLOBAL PROPERTY ONDA_PUBLIC_HEADERS)
  list(JOIN headers "\n" lines)
  file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/public_headers.txt" CONTENT "${lines}\n" @ONLY)
  # Also files that no target compiles count, so the list is globbed, for the dependencies of this check alone.
  file(GLOB_RECURSE files CONFIGURE_DEPENDS
    "${PROJECT_SOURCE_DIR}/src/*.h" "${PROJECT_SOURCE_DIR}/src/*.cpp" "${PROJECT_SOURCE_DIR}/include/onda/*.h"
    "${PROJECT_SOURCE_DIR}/tests/*.h" "${PROJECT_SOURCE_DIR}/tests/*.cpp"
    "${PROJECT_SOURCE_DIR}/bench/*.h" "${PROJECT_SOURCE_DIR}/bench/*.cpp")
  add_custom_command(
    OUTPUT "${CMAKE_BINARY_DIR}/include_check.stamp"
    COMMAND ${Python3_EXECUTABLE} "${PROJECT_SOURCE_DIR}/tools/check_includes.py" --root "${PROJECT_SOURCE_DIR}"
            --public-headers "${CMAKE_BINARY_DIR}/public_headers.txt"
    COMMAND ${CMAKE_COMMAND} -E touch "${CMAKE_BINARY_DIR}/include_check.stamp"
    DEPENDS ${files} "${PROJECT_SOURCE_DIR}/tools/check_includes.py" "${CMAKE_BINARY_DIR}/public_headers.txt"
    COMMENT "Checking what modules include" VERBATIM)
  add_custom_target(onda_include_check DEPENDS "${CMAKE_BINARY_DIR}/include_check.stamp")
endfunction()
