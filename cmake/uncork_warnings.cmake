# The warnings that every target of ours gets, and the sanitizers of the preset. -Werror is a preset's choice.
add_library(uncork_warnings INTERFACE)
target_compile_options(uncork_warnings INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
                            -Wnon-virtual-dtor -Woverloaded-virtual -Wnull-dereference -Wextra-semi>
  # g++ 12 sees a null dereference inside its own <vector> and <regex> at -O2.
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-Wno-null-dereference -Wno-maybe-uninitialized>)
if(UNCORK_SANITIZE)
  add_compile_options(-fsanitize=${UNCORK_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  # The vptr check opens a pipe, and so reports a fault that is none in a test that has run out of descriptors.
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize=vptr>)
  if(UNCORK_SANITIZE STREQUAL "thread")
    add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-tsan>)  # Asio's fences, which uncork_asio.cmake turns off
  endif()
  add_link_options(-fsanitize=${UNCORK_SANITIZE})
endif()
