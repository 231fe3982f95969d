# Writes the C file that says which revision the programs are built from; untouched if it would stay the same.
# Run by each build, see src/CMakeLists.txt:
#   cmake -DSOURCE=. -DGIVEN= -DOUTPUT=revision.c -P Revision.cmake
# GIVEN is for builds that have no git: an image, for example. Without it and without git there is no revision.
set(length 7) # always the same, which git's own abbreviation is not
set(revision "${GIVEN}")
if(NOT revision)
  # --show-cdup: empty at the top of a tree. Else this is an archive that was unpacked in a tree of something else.
  execute_process(COMMAND git rev-parse --show-cdup HEAD
    WORKING_DIRECTORY ${SOURCE} OUTPUT_VARIABLE said ERROR_QUIET RESULT_VARIABLE failed)
  if(failed EQUAL 0 AND said MATCHES "^\n([0-9a-f]+)\n$")
    set(revision ${CMAKE_MATCH_1})
    execute_process(COMMAND git --no-optional-locks status --porcelain --untracked-files=no
      WORKING_DIRECTORY ${SOURCE} OUTPUT_VARIABLE changed ERROR_QUIET)
  endif()
endif()
string(SUBSTRING "${revision}" 0 ${length} revision)
if(changed)
  string(APPEND revision ", modified")
endif()
if(NOT revision MATCHES "^[0-9A-Za-z., -]*$")
  message(FATAL_ERROR "HELLO_REVISION '${GIVEN}' is no revision; give letters and digits, as git rev-parse HEAD prints them")
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT [[
/* Made by cmake/Revision.cmake. */
extern const char version_revision[];
const char version_revision[] = "@revision@";
]] @ONLY)
