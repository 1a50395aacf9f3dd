# uncork_bpf(TARGET NAME): compiles src/.../bpf/NAME.bpf.c for BPF and makes NAME.skel.h, which TARGET then includes.
find_program(UNCORK_BPF_CLANG NAMES clang-19 clang REQUIRED)
find_program(UNCORK_BPFTOOL bpftool PATHS /usr/sbin /sbin REQUIRED)
function(uncork_bpf target name)
  set(source ${CMAKE_CURRENT_SOURCE_DIR}/bpf/${name}.bpf.c)
  set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.bpf.o)
  set(skeleton ${CMAKE_CURRENT_BINARY_DIR}/skel/${name}.skel.h)
  add_custom_command(OUTPUT ${object}
    COMMAND ${UNCORK_BPF_CLANG} -target bpf -mcpu=v3 -O2 -g -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter
            -I${PROJECT_SOURCE_DIR}/src -idirafter /usr/include/${CMAKE_LIBRARY_ARCHITECTURE} -MD -MF ${object}.d -c ${source} -o ${object}
    DEPENDS ${source} DEPFILE ${object}.d VERBATIM COMMENT "BPF ${name}")
  add_custom_command(OUTPUT ${skeleton}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_CURRENT_BINARY_DIR}/skel
    COMMAND ${UNCORK_BPFTOOL} gen skeleton ${object} name ${name} > ${skeleton}
    DEPENDS ${object} VERBATIM COMMENT "BPF skeleton ${name}")
  # A target of its own, so that the skeleton can be made without what TARGET links: lint needs it alone.
  add_custom_target(${target}_${name}_skeleton DEPENDS ${skeleton})
  add_dependencies(${target} ${target}_${name}_skeleton)
  target_sources(${target} PRIVATE ${skeleton})
  target_include_directories(${target} SYSTEM PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/skel)
endfunction()
