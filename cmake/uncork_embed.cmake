# uncork_embed(TARGET FILE NAME): makes `extern const char* const NAME`, the text of FILE, part of TARGET. A change of FILE
# configures anew. The text may not hold `)embedded"`.
function(uncork_embed target file name)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  file(READ ${file} text)
  set(made ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp)
  file(CONFIGURE OUTPUT ${made} CONTENT "extern const char* const ${name};\nconst char* const ${name} = R\"embedded(@text@)embedded\";\n" @ONLY)
  target_sources(${target} PRIVATE ${made})
endfunction()
