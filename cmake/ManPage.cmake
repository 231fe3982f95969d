# Makes the manual page of a program from its page in docs. Run by HelloMan.cmake:
#   cmake -DPROGRAM=hello-load -DPAGE=docs/hello-load.md -DOUTPUT=hello-load.1 -DVERSION=0.1
#     -DDATE=2026-11-28 -DLOWDOWN=lowdown -P ManPage.cmake
file(READ ${PAGE} text)
string(REGEX REPLACE "^# [^\n]*\n" "" text "${text}") # the title stands in .TH
file(WRITE ${OUTPUT}.md "${text}")
string(TOUPPER ${PROGRAM} title)
execute_process(
  COMMAND ${LOWDOWN} -s -Tman --parse-no-intraemph --nroff-nolinks -mshiftheadinglevelby=-1
    -mtitle=${title} -msection=1 -mdate=${DATE} "-msource=hello ${VERSION}" "-mvolume=User Commands" ${OUTPUT}.md
  OUTPUT_VARIABLE page
  COMMAND_ERROR_IS_FATAL ANY)
# No hyphens in names, and no wide gaps in the cells of tables.
string(REGEX REPLACE "(\n\\.TH [^\n]*\n)" "\n.nr HY 0\\1.ad l\n" page "${page}")
# \fC is a font of typesetters only, and a heading begins a paragraph by itself: mandoc(1) warns of both.
string(REPLACE "\\fC" "\\fB" page "${page}")
string(REGEX REPLACE "\n\\.(S[HS])\n([^\n]*)\n\\.[LP]P\n" "\n.\\1 \\2\n" page "${page}")
file(WRITE ${OUTPUT} "${page}")
file(REMOVE ${OUTPUT}.md)
