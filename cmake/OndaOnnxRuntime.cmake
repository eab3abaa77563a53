# Finds ONNX Runtime's headers, which the program is compiled against, and its library, which is opened at run time and
# never linked. In this order:
#   1. -DONDA_ONNXRUNTIME_ROOT=DIR, an unpacked official release (include/, lib/);
#   2. the system's, where pkg-config knows libonnxruntime 1.29 or newer;
#   3. a pinned package from the npm registry, unpacked once into a cache that all build trees share.
# Gives: the target onda_onnxruntime_headers, which only runtime, its tests and the benchmarks may link;
#        ONDA_ONNXRUNTIME_LIBRARY, the library's file; ONDA_ONNXRUNTIME_ORIGIN, where it was found.
set(ONDA_ONNXRUNTIME_ROOT "" CACHE PATH "An unpacked official release of ONNX Runtime, 1.29 or newer")

# The package repackages the official 1.29.0 builds.
set(onda_ort_package "com.github.asus4.onnxruntime")
set(onda_ort_package_version "0.4.9")
set(onda_ort_package_sha512
  "064cf176e499f4891e0cfe90f25cf64c553689eee1492bd2ed921fccca28131a2ad02373267bae19a509ec8b288c182a3b8a2e0f58d76a1f0e63225b08ddbd16")
# The Linux x64 library in it is byte for byte the one in Microsoft's own jar com.microsoft.onnxruntime:onnxruntime:1.29.0.
set(onda_ort_library_sha256 "5715f06d8992ca8eeeddcce43df3a7d38f97d537052126f558e912cb312460ca")
set(onda_ort_header_dir
  "package/Plugins/iOS~/onnxruntime.xcframework/ios-arm64/onnxruntime.framework/Headers")
set(onda_ort_library_dir "package/Plugins/Linux/x64")

# The directory for what is downloaded once; the program's own caches are below it too.
function(onda_cache_dir result)
  if(DEFINED ENV{ONDA_CACHE_DIR} AND NOT "$ENV{ONDA_CACHE_DIR}" STREQUAL "")
    set(dir "$ENV{ONDA_CACHE_DIR}")
  elseif(DEFINED ENV{XDG_CACHE_HOME} AND NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
    set(dir "$ENV{XDG_CACHE_HOME}/onda")
  elseif(DEFINED ENV{HOME})
    set(dir "$ENV{HOME}/.cache/onda")
  else()
    set(dir "${PROJECT_SOURCE_DIR}/.cache/onda")
  endif()
  set(${result} "${dir}" PARENT_SCOPE)
endfunction()

# Downloads the package into `target`, which appears whole or not at all: two configures at once do not meet.
function(onda_fetch_onnxruntime target)
  find_program(ONDA_NPM npm)
  if(NOT ONDA_NPM)
    message(FATAL_ERROR
      "ONNX Runtime is not here and npm, which fetches it, is not installed. Run tools/setup.sh build, install npm, or "
      "give -DONDA_ONNXRUNTIME_ROOT=DIR with an unpacked official release (1.29 or newer).")
  endif()
  string(RANDOM LENGTH 12 suffix)
  set(work "${target}.${suffix}")
  file(MAKE_DIRECTORY "${work}/npm")
  message(STATUS "Onda: fetching ONNX Runtime 1.29.0 (150 MB, once), as ${onda_ort_package} "
                 "${onda_ort_package_version}")
  execute_process(
    COMMAND "${ONDA_NPM}" pack --silent --cache "${work}/npm" --pack-destination "${work}"
            "${onda_ort_package}@${onda_ort_package_version}"
    WORKING_DIRECTORY "${work}" OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE failed)
  set(archive "${work}/${onda_ort_package}-${onda_ort_package_version}.tgz")
  if(failed OR NOT EXISTS "${archive}")
    file(REMOVE_RECURSE "${work}")
    message(FATAL_ERROR
      "npm pack ${onda_ort_package}@${onda_ort_package_version} failed (${failed}):\n${output}\n"
      "Is the npm registry reachable? Otherwise give -DONDA_ONNXRUNTIME_ROOT=DIR.")
  endif()
  onda_require_digest(SHA512 "${archive}" "${onda_ort_package_sha512}" "${work}")
  file(ARCHIVE_EXTRACT INPUT "${archive}" DESTINATION "${work}"
       PATTERNS "${onda_ort_header_dir}/*" "${onda_ort_library_dir}/libonnxruntime.so" "package/LICENSE*")
  set(library "${work}/${onda_ort_library_dir}/libonnxruntime.so")
  onda_require_digest(SHA256 "${library}" "${onda_ort_library_sha256}" "${work}")

  set(whole "${work}/whole")
  file(MAKE_DIRECTORY "${whole}/lib")
  file(RENAME "${work}/${onda_ort_header_dir}" "${whole}/include")
  file(RENAME "${library}" "${whole}/lib/libonnxruntime.so.1.29.0")
  file(RENAME "${whole}" "${target}" RESULT lost)
  file(REMOVE_RECURSE "${work}")
  # Another configure may have been first; its copy was checked like ours.
  if(lost AND NOT EXISTS "${target}/lib/libonnxruntime.so.1.29.0")
    message(FATAL_ERROR "Cannot create ${target}: ${lost}")
  endif()
endfunction()

function(onda_require_digest algorithm file expected work)
  file(${algorithm} "${file}" actual)
  if(NOT actual STREQUAL expected)
    file(REMOVE_RECURSE "${work}")
    cmake_path(GET file FILENAME name)
    message(FATAL_ERROR "${name} has the ${algorithm} digest\n  ${actual}\nbut this release of Onda expects\n"
                        "  ${expected}\nNothing of it was kept.")
  endif()
endfunction()

if(ONDA_ONNXRUNTIME_ROOT)
  find_path(onda_ort_include onnxruntime_c_api.h PATHS "${ONDA_ONNXRUNTIME_ROOT}" NO_DEFAULT_PATH NO_CACHE
            PATH_SUFFIXES include include/onnxruntime include/onnxruntime/core/session)
  find_file(onda_ort_file NAMES libonnxruntime.so libonnxruntime.so.1 PATHS "${ONDA_ONNXRUNTIME_ROOT}"
            NO_DEFAULT_PATH NO_CACHE PATH_SUFFIXES lib lib64)
  if(NOT onda_ort_include OR NOT onda_ort_file)
    message(FATAL_ERROR "ONDA_ONNXRUNTIME_ROOT is ${ONDA_ONNXRUNTIME_ROOT}, but it has no "
                        "include/onnxruntime_c_api.h or no lib/libonnxruntime.so; expected an unpacked official release")
  endif()
  set(ONDA_ONNXRUNTIME_ORIGIN "ONDA_ONNXRUNTIME_ROOT")
else()
  find_package(PkgConfig QUIET)
  if(PkgConfig_FOUND)
    pkg_check_modules(ONDA_SYSTEM_ORT QUIET libonnxruntime>=1.29)
  endif()
  if(ONDA_SYSTEM_ORT_FOUND)
    pkg_get_variable(onda_ort_libdir libonnxruntime libdir)
    find_path(onda_ort_include onnxruntime_c_api.h NO_CACHE HINTS ${ONDA_SYSTEM_ORT_INCLUDE_DIRS}
              PATH_SUFFIXES onnxruntime onnxruntime/core/session)
    find_file(onda_ort_file NAMES libonnxruntime.so libonnxruntime.so.1 NO_CACHE REQUIRED
              HINTS ${onda_ort_libdir} ${ONDA_SYSTEM_ORT_LIBRARY_DIRS})
    set(ONDA_ONNXRUNTIME_ORIGIN "the system's ${ONDA_SYSTEM_ORT_VERSION}")
  elseif(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
    onda_cache_dir(onda_cache)
    set(onda_ort_root "${onda_cache}/onnxruntime/1.29.0-linux-x64")
    if(NOT EXISTS "${onda_ort_root}/lib/libonnxruntime.so.1.29.0")
      onda_fetch_onnxruntime("${onda_ort_root}")
    endif()
    set(onda_ort_include "${onda_ort_root}/include")
    set(onda_ort_file "${onda_ort_root}/lib/libonnxruntime.so.1.29.0")
    set(ONDA_ONNXRUNTIME_ORIGIN "npm package ${onda_ort_package} ${onda_ort_package_version}")
  else()
    message(FATAL_ERROR "For ${CMAKE_SYSTEM_NAME} on ${CMAKE_SYSTEM_PROCESSOR}, unpack an official release of ONNX "
                        "Runtime (1.29 or newer) and give its directory as -DONDA_ONNXRUNTIME_ROOT=DIR")
  endif()
endif()

file(REAL_PATH "${onda_ort_file}" ONDA_ONNXRUNTIME_LIBRARY)
message(STATUS "Onda: ONNX Runtime from ${ONDA_ONNXRUNTIME_ORIGIN}: ${ONDA_ONNXRUNTIME_LIBRARY}")

add_library(onda_onnxruntime_headers INTERFACE)
target_include_directories(onda_onnxruntime_headers SYSTEM INTERFACE "${onda_ort_include}")
# Nothing may call into the library before Onda has opened it.
target_compile_definitions(onda_onnxruntime_headers INTERFACE ORT_API_MANUAL_INIT)

# The program finds the library beside itself, and so do the test programs.
foreach(name libonnxruntime.so libonnxruntime.so.1)
  file(CREATE_LINK "${ONDA_ONNXRUNTIME_LIBRARY}" "${CMAKE_BINARY_DIR}/${name}" SYMBOLIC)
endforeach()
