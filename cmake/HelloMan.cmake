# The manual pages, made from the pages in docs by lowdown(1), and installed with the programs.
find_program(HELLO_LOWDOWN lowdown)
if(NOT HELLO_LOWDOWN)
  message(STATUS "lowdown is not installed, so the manual pages are not built (Debian: lowdown)")
  return()
endif()

set(make_page ${CMAKE_COMMAND} -DVERSION=${PROJECT_VERSION} -DDATE=${HELLO_DATE} -DLOWDOWN=${HELLO_LOWDOWN})
set(make_script ${PROJECT_SOURCE_DIR}/cmake/ManPage.cmake)

# An old lowdown does not know the options that it is given.
execute_process(
  COMMAND ${make_page} -DPROGRAM=hello-load -DPAGE=${PROJECT_SOURCE_DIR}/docs/hello-load.md
    -DOUTPUT=${PROJECT_BINARY_DIR}/man/trial.1 -P ${make_script}
  RESULT_VARIABLE failed ERROR_VARIABLE problem)
if(failed)
  string(REGEX MATCH "[^\n]*" problem "${problem}")
  message(STATUS
    "${HELLO_LOWDOWN} does not make manual pages, so they are not built: ${problem}; lowdown 1.0 makes them")
  return()
endif()

set(pages)
foreach(program hello-server hello-load)
  set(source ${PROJECT_SOURCE_DIR}/docs/${program}.md)
  set(page ${PROJECT_BINARY_DIR}/man/${program}.1)
  add_custom_command(OUTPUT ${page}
    COMMAND ${make_page} -DPROGRAM=${program} -DPAGE=${source} -DOUTPUT=${page} -P ${make_script}
    DEPENDS ${source} ${make_script}
    VERBATIM)
  list(APPEND pages ${page})
endforeach()
add_custom_target(man ALL DEPENDS ${pages})
install(FILES ${pages} DESTINATION share/man/man1)
