# uncork_embed(TARGET FILE NAME): makes `extern const char* const NAME`, the text of FILE, part of TARGET. A change of FILE
# configures anew. The text may not hold `)embedded"`.
function(uncork_embed target file name)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  file(READ ${file} text)
  set(made ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp)
  file(CONFIGURE OUTPUT ${made} CONTENT "extern const char* const ${name};\nconst char* const ${name} = R\"embedded(@text@)embedded\";\n" @ONLY)
  target_sources(${target} PRIVATE ${made})
endfunction()

# uncork_embed_all(TARGET NAME FILE…): makes `extern const char* const NAME[]`, the texts of the files in that order and then a null
# pointer, part of TARGET.
function(uncork_embed_all target name)
  set(texts "")
  foreach(file IN LISTS ARGN)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} text)
    string(APPEND texts "    R\"embedded(${text})embedded\",\n")
  endforeach()
  set(made ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp)
  file(CONFIGURE OUTPUT ${made} @ONLY
    CONTENT "extern const char* const ${name}[];\nconst char* const ${name}[] = {\n@texts@    nullptr};\n")
  target_sources(${target} PRIVATE ${made})
endfunction()

# uncork_embed_named(TARGET NAME [PATH FILE]…): makes `extern const char* const NAME[]`, each path and the text of its file, and then
# a null pointer, part of TARGET. No path of this machine is in it, and the same files make the same bytes.
function(uncork_embed_named target name)
  set(texts "")
  while(ARGN)
    list(POP_FRONT ARGN path file)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} text)
    string(APPEND texts "    \"${path}\", R\"embedded(${text})embedded\",\n")
  endwhile()
  set(made ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp)
  file(CONFIGURE OUTPUT ${made} @ONLY
    CONTENT "extern const char* const ${name}[];\nconst char* const ${name}[] = {\n@texts@    nullptr};\n")
  target_sources(${target} PRIVATE ${made})
endfunction()
