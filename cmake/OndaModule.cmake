# onda_module(NAME m SOURCES a.cpp … [PUBLIC_HEADERS onda/x.h …] [DEPENDS modules…] [LIBRARIES targets…]
#             [PRIVATE_LIBRARIES targets…])
#
# Makes the static library onda_<m> from the sources, which are listed and not globbed. PUBLIC_HEADERS are the files of
# include/ that the module implements: they are installed, and the include check knows by them who may include what.
# LIBRARIES are seen by those who include the module's headers, PRIVATE_LIBRARIES only by its sources.
define_property(GLOBAL PROPERTY ONDA_MODULES)

function(onda_module)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME"
                        "SOURCES;PUBLIC_HEADERS;DEPENDS;LIBRARIES;PRIVATE_LIBRARIES")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "onda_module(${arg_NAME}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  set_property(GLOBAL APPEND PROPERTY ONDA_MODULES ${arg_NAME})
  set(target onda_${arg_NAME})
  list(TRANSFORM arg_DEPENDS PREPEND onda_)
  if(NOT arg_SOURCES)
    # Headers alone, or nothing yet.
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  else()
    add_library(${target} STATIC ${arg_SOURCES})
    target_link_libraries(${target} PRIVATE onda_compiler onda_lto_objects ${arg_PRIVATE_LIBRARIES})
    add_dependencies(${target} onda_include_check)
    set(scope PUBLIC)
  endif()
  target_include_directories(${target} ${scope} "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(${target} ${scope} ${arg_DEPENDS} ${arg_LIBRARIES})
  onda_check_includes_of(${arg_NAME} HEADERS ${arg_PUBLIC_HEADERS})
endfunction()
