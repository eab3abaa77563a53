# onda_third_party_grpc: gRPC without TLS.
#
# Static, but for the sanitizers: shared, gRPC and what it needs cost every start of the program six milliseconds,
# static ones half of one. The flavour without TLS leaves out three megabytes of memory that nothing here uses.
find_program(ONDA_GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)
find_path(ONDA_GRPC_INCLUDE grpcpp/grpcpp.h REQUIRED)
# pkg-config names all that the archives need.
pkg_check_modules(ONDA_GRPC REQUIRED grpc++_unsecure)

add_library(onda_third_party_grpc INTERFACE)
target_include_directories(onda_third_party_grpc SYSTEM INTERFACE "${ONDA_GRPC_INCLUDE}")
if(ONDA_SANITIZE)
  target_link_libraries(onda_third_party_grpc INTERFACE ${ONDA_GRPC_LINK_LIBRARIES} onda_third_party_protobuf)
  return()
endif()

# Debian's files leave out what is linked into the shared libraries: these four.
set(onda_grpc_archives)
set(onda_grpc_others)
foreach(name IN LISTS ONDA_GRPC_STATIC_LIBRARIES ITEMS address_sorting upb re2 cares)
  find_library(ONDA_ARCHIVE_${name} lib${name}.a)
  mark_as_advanced(ONDA_ARCHIVE_${name})
  if(ONDA_ARCHIVE_${name} AND NOT name MATCHES "^(dl|rt|pthread|m)$")
    list(APPEND onda_grpc_archives "${ONDA_ARCHIVE_${name}}")
  else()
    list(APPEND onda_grpc_others ${name})
  endif()
endforeach()
list(REMOVE_DUPLICATES onda_grpc_archives)
list(REMOVE_DUPLICATES onda_grpc_others)
# A group: the archives of abseil refer to one another in circles.
target_link_libraries(onda_third_party_grpc INTERFACE
  -Wl,--start-group ${onda_grpc_archives} -Wl,--end-group onda_third_party_protobuf ${onda_grpc_others})
