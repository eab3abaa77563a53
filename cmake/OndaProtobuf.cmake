# onda_proto_library(NAME target PROTOS files… IMPORT_DIRS folders… [DEPENDS targets…] [GRPC])
#
# Makes the static library `target` of messages, and with GRPC of services too, from .proto files. They are given
# relative to one of IMPORT_DIRS, and their headers are included under that name: serving/model_config.proto becomes
# "serving/model_config.pb.h". DEPENDS are proto libraries whose messages these import. The target onda_protos writes
# all generated files without compiling one.
#
# The libraries are linked statically: shared, they cost every start of the program several milliseconds. Under the
# sanitizers they are shared, which keeps their memory apart from what is instrumented.
find_program(ONDA_PROTOC protoc REQUIRED)
find_path(ONDA_PROTOBUF_INCLUDE google/protobuf/message.h REQUIRED)
if(ONDA_SANITIZE)
  find_library(ONDA_PROTOBUF_SHARED protobuf REQUIRED)
  find_library(ONDA_ZLIB_SHARED z REQUIRED)
  set(onda_protobuf_libraries "${ONDA_PROTOBUF_SHARED}" "${ONDA_ZLIB_SHARED}")
else()
  find_library(ONDA_PROTOBUF_ARCHIVE libprotobuf.a REQUIRED)
  find_library(ONDA_ZLIB_ARCHIVE libz.a REQUIRED)
  set(onda_protobuf_libraries "${ONDA_PROTOBUF_ARCHIVE}" "${ONDA_ZLIB_ARCHIVE}")
endif()

add_library(onda_third_party_protobuf INTERFACE)
target_include_directories(onda_third_party_protobuf SYSTEM INTERFACE "${ONDA_PROTOBUF_INCLUDE}")
target_link_libraries(onda_third_party_protobuf INTERFACE ${onda_protobuf_libraries} Threads::Threads)

add_custom_target(onda_protos)

function(onda_proto_library)
  cmake_parse_arguments(PARSE_ARGV 0 arg "GRPC" "NAME" "PROTOS;IMPORT_DIRS;DEPENDS")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_NAME OR NOT arg_PROTOS OR NOT arg_IMPORT_DIRS)
    message(FATAL_ERROR "onda_proto_library needs NAME, PROTOS and IMPORT_DIRS; not understood: "
                        "${arg_UNPARSED_ARGUMENTS}")
  endif()
  set(libraries onda_third_party_protobuf)
  set(suffixes pb)
  if(arg_GRPC)
    include(OndaGrpc)
    set(libraries onda_third_party_grpc)
    list(APPEND suffixes grpc.pb)
  endif()

  set(folder "${CMAKE_BINARY_DIR}/protos")
  file(MAKE_DIRECTORY "${folder}")
  set(flags "--cpp_out=${folder}")
  if(arg_GRPC)
    list(APPEND flags "--grpc_out=${folder}" "--plugin=protoc-gen-grpc=${ONDA_GRPC_CPP_PLUGIN}")
  endif()
  list(TRANSFORM arg_IMPORT_DIRS PREPEND "--proto_path=" OUTPUT_VARIABLE paths)

  set(sources)
  set(generated)
  foreach(proto IN LISTS arg_PROTOS)
    string(REGEX REPLACE "\\.proto$" "" stem "${proto}")
    set(of_this)
    foreach(suffix IN LISTS suffixes)
      list(APPEND of_this "${folder}/${stem}.${suffix}.cc" "${folder}/${stem}.${suffix}.h")
      list(APPEND sources "${folder}/${stem}.${suffix}.cc")
    endforeach()
    set(file)
    foreach(directory IN LISTS arg_IMPORT_DIRS)
      if(EXISTS "${directory}/${proto}")
        set(file "${directory}/${proto}")
        break()
      endif()
    endforeach()
    if(NOT file)
      message(FATAL_ERROR "onda_proto_library(${arg_NAME}): ${proto} is in none of ${arg_IMPORT_DIRS}")
    endif()
    add_custom_command(
      OUTPUT ${of_this}
      COMMAND "${ONDA_PROTOC}" ${paths} ${flags} "${proto}"
      DEPENDS "${file}" COMMENT "Generating ${proto}" VERBATIM)
    list(APPEND generated ${of_this})
  endforeach()

  add_custom_target(${arg_NAME}_generated DEPENDS ${generated})
  add_dependencies(onda_protos ${arg_NAME}_generated)
  add_library(${arg_NAME} STATIC ${sources})
  add_dependencies(${arg_NAME} ${arg_NAME}_generated)
  foreach(other IN LISTS arg_DEPENDS)
    add_dependencies(${arg_NAME}_generated ${other}_generated)
  endforeach()
  # Not our code: no warnings of it, neither here nor where its headers are included.
  target_compile_options(${arg_NAME} PRIVATE -w)
  target_include_directories(${arg_NAME} SYSTEM PUBLIC "${folder}")
  target_link_libraries(${arg_NAME} PUBLIC ${arg_DEPENDS} ${libraries})
endfunction()
