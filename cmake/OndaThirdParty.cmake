# The libraries that modules name in LIBRARIES. All come from the distribution's packages (tools/packages.txt).
find_package(PkgConfig REQUIRED)
find_package(JPEG REQUIRED)
find_package(PNG REQUIRED)
# SHA-256 alone is used, of the archive: the shared library costs each start a millisecond and reads its configuration.
find_library(ONDA_CRYPTO_ARCHIVE libcrypto.a REQUIRED)
# The archive, as the program starts faster with each library that it does not have to find.
find_library(ONDA_ZLIB_ARCHIVE libz.a REQUIRED)
pkg_check_modules(ONDA_WEBP REQUIRED IMPORTED_TARGET libwebp)
pkg_check_modules(ONDA_XXHASH REQUIRED IMPORTED_TARGET libxxhash)
find_package(simdjson REQUIRED)
find_package(CLI11 REQUIRED)

add_library(onda_third_party_webp ALIAS PkgConfig::ONDA_WEBP)
add_library(onda_third_party_xxhash ALIAS PkgConfig::ONDA_XXHASH)

# Header-only: compiled into the few files of ours that include them, so that the program links neither.
find_path(ONDA_SPDLOG_INCLUDE spdlog/spdlog.h REQUIRED)
add_library(onda_third_party_spdlog INTERFACE)
target_include_directories(onda_third_party_spdlog SYSTEM INTERFACE "${ONDA_SPDLOG_INCLUDE}")
target_compile_definitions(onda_third_party_spdlog INTERFACE SPDLOG_FMT_EXTERNAL FMT_HEADER_ONLY)
find_path(ONDA_FMT_INCLUDE fmt/format.h REQUIRED)
add_library(onda_third_party_fmt INTERFACE)
target_include_directories(onda_third_party_fmt SYSTEM INTERFACE "${ONDA_FMT_INCLUDE}")
target_compile_definitions(onda_third_party_fmt INTERFACE FMT_HEADER_ONLY)
