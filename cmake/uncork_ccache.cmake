# ccache when it is there: a second build of the same sources then costs seconds.
find_program(UNCORK_CCACHE ccache)
if(UNCORK_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${UNCORK_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${UNCORK_CCACHE})
endif()
