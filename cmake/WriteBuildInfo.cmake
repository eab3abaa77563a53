# Run at build time: writes OUTPUT from src/base/build_info.cpp.in.
find_program(git git)
set(ONDA_COMMIT "unknown")
if(git AND EXISTS "${SOURCE_DIR}/.git")
  execute_process(COMMAND "${git}" -C "${SOURCE_DIR}" describe --always --abbrev=12 --exclude=* --dirty
                  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed)
    set(ONDA_COMMIT "${commit}")
  endif()
endif()
set(ONDA_VERSION "${VERSION}")
configure_file("${SOURCE_DIR}/src/base/build_info.cpp.in" "${OUTPUT}" @ONLY)
