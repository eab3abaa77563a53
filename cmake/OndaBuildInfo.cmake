# The version and the commit. The commit is asked for at every build, but the file that holds it, which is the only one
# to be compiled again, is written only when it has changed.
set(ONDA_BUILD_INFO "${CMAKE_BINARY_DIR}/generated/build_info.cpp")
add_custom_target(onda_build_info
  COMMAND ${CMAKE_COMMAND} -DSOURCE_DIR=${PROJECT_SOURCE_DIR} -DVERSION=${PROJECT_VERSION}
          -DOUTPUT=${ONDA_BUILD_INFO} -P "${PROJECT_SOURCE_DIR}/cmake/WriteBuildInfo.cmake"
  BYPRODUCTS "${ONDA_BUILD_INFO}"
  COMMENT "Asking for the commit" VERBATIM)
