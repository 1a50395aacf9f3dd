# What `cmake --install` lays down, in two components: `library` (public headers, the archive, files for find_package and
# pkg-config) and `program`. An installed tree may be moved as a whole: every path in it is relative to the file that holds it.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

# Both components carry the license; either may be installed alone.
function(uncork_install_license component)
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT ${component})
endfunction()

function(uncork_install_library)
  if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
    message(FATAL_ERROR "CMAKE_INSTALL_LIBDIR must be relative to the prefix, or what is "
                        "installed could not be moved; set CMAKE_INSTALL_PREFIX instead")
  endif()
  set(package ${CMAKE_INSTALL_LIBDIR}/cmake/uncork)
  set(made ${PROJECT_BINARY_DIR}/install)

  install(TARGETS uncork_stream uncork_http2 EXPORT uncork ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/uncork DESTINATION include COMPONENT library
          FILES_MATCHING PATTERN "*.hpp")
  install(EXPORT uncork NAMESPACE uncork:: FILE uncork-targets.cmake DESTINATION ${package} COMPONENT library)

  configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/uncork-config.cmake.in ${made}/uncork-config.cmake
    INSTALL_DESTINATION ${package} NO_SET_AND_CHECK_MACRO)
  # Before 1.0 a minor version may break.
  write_basic_package_version_file(${made}/uncork-config-version.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${made}/uncork-config.cmake ${made}/uncork-config-version.cmake DESTINATION ${package} COMPONENT library)

  string(REGEX REPLACE "[^/]+" ".." prefix_from_pc ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/uncork.pc.in ${made}/uncork.pc @ONLY)
  install(FILES ${made}/uncork.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT library)
  uncork_install_license(library)
endfunction()

function(uncork_install_program)
  install(TARGETS uncork RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
  if(CMAKE_STRIP)  # nine tenths of the program are for debuggers; the build's own copy keeps them
    install(CODE "execute_process(COMMAND \"${CMAKE_STRIP}\" \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/uncork\")"
            COMPONENT program)
  endif()
  install(TARGETS uncork_merge LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/uncork COMPONENT program)
  set(made ${PROJECT_BINARY_DIR}/src/cli/manual)
  install(FILES ${made}/uncork.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program)
  install(FILES ${made}/uncork DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT program)
  install(FILES ${made}/_uncork DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions COMPONENT program)
  install(FILES ${made}/uncork.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT program)
  install(FILES ${PROJECT_SOURCE_DIR}/src/probe/bpf/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME LICENSE.bpf COMPONENT program)
  uncork_install_license(program)
endfunction()
