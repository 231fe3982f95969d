# What is installed besides the programs, their manual pages and completions. Paths are below the prefix.
set(HELLO_DOC share/doc/hello-server CACHE STRING "Where documents and examples go, below the prefix")
set(packaging ${PROJECT_SOURCE_DIR}/packaging)

# The unit names the program's path, which is known only now: cmake --install may be given a --prefix.
set(unit ${PROJECT_BINARY_DIR}/hello-server.service)
install(CODE "
  set(HELLO_BINDIR \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
  configure_file(\"${packaging}/hello-server.service.in\" \"${unit}\" @ONLY)")
install(FILES ${unit} ${packaging}/hello-server.socket DESTINATION lib/systemd/system)
install(FILES ${packaging}/hello-server.sysusers DESTINATION lib/sysusers.d RENAME hello-server.conf)
install(FILES LICENSE CHANGELOG.md DESTINATION ${HELLO_DOC})
install(DIRECTORY ${packaging}/examples DESTINATION ${HELLO_DOC})
