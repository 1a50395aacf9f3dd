# uncork_library(NAME SOURCES... [LINK LIBRARY...] [PRIVATE_LINK LIBRARY...]): one folder, one static library. The LINK list is
# the layering rule of design and ARCHITECTURE.md; `dev lint` holds the #include lines to it.
function(uncork_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK;PRIVATE_LINK")
  add_library(uncork_${name} STATIC ${arg_SOURCES})
  add_library(uncork::${name} ALIAS uncork_${name})
  target_include_directories(uncork_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>)
  target_link_libraries(uncork_${name} PUBLIC ${arg_LINK} PRIVATE $<BUILD_INTERFACE:uncork_warnings> ${arg_PRIVATE_LINK})
endfunction()
