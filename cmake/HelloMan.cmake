# The manual pages, made from the pages in docs by lowdown(1), and installed with the programs.
find_program(HELLO_LOWDOWN lowdown)
if(NOT HELLO_LOWDOWN)
  message(STATUS "lowdown is not installed, so the manual pages are not built (Debian: lowdown)")
  return()
endif()

set(pages)
foreach(program hello-server hello-load)
  set(source ${PROJECT_SOURCE_DIR}/docs/${program}.md)
  set(page ${PROJECT_BINARY_DIR}/man/${program}.1)
  add_custom_command(OUTPUT ${page}
    COMMAND ${CMAKE_COMMAND} -DPROGRAM=${program} -DPAGE=${source} -DOUTPUT=${page} -DVERSION=${PROJECT_VERSION}
      -DDATE=${HELLO_DATE}
      -DLOWDOWN=${HELLO_LOWDOWN} -P ${PROJECT_SOURCE_DIR}/cmake/ManPage.cmake
    DEPENDS ${source} ${PROJECT_SOURCE_DIR}/cmake/ManPage.cmake
    VERBATIM)
  list(APPEND pages ${page})
endforeach()
add_custom_target(man ALL DEPENDS ${pages})
install(FILES ${pages} DESTINATION share/man/man1)
