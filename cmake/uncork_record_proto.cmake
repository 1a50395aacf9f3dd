# uncork_record_proto(): the library uncork_record_proto, which is what protoc makes of the record's .proto. It is the oracle of
# tests and benchmarks; the program has a writer of its own.
function(uncork_record_proto)
  if(TARGET uncork_record_proto)
    return()
  endif()
  find_package(Protobuf REQUIRED)
  set(made ${PROJECT_BINARY_DIR}/record_proto)
  set(source ${PROJECT_SOURCE_DIR}/src/record/xtcp_flat_record.proto)
  add_custom_command(OUTPUT ${made}/xtcp_flat_record.pb.cc ${made}/xtcp_flat_record.pb.h
    COMMAND ${CMAKE_COMMAND} -E make_directory ${made}
    COMMAND protobuf::protoc --cpp_out=${made} -I${PROJECT_SOURCE_DIR}/src/record ${source}
    DEPENDS ${source} VERBATIM COMMENT "protoc xtcp_flat_record.proto")
  add_library(uncork_record_proto STATIC ${made}/xtcp_flat_record.pb.cc ${made}/xtcp_flat_record.pb.h)
  target_include_directories(uncork_record_proto SYSTEM PUBLIC ${made})
  target_link_libraries(uncork_record_proto PUBLIC protobuf::libprotobuf)
endfunction()
