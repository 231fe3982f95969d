# How everything here is compiled: one interface target carries the warnings, the hardening and the
# sanitizers, and every library and program links it.
include(CheckPIESupported)
check_pie_supported()

add_library(hello_build INTERFACE)
target_compile_definitions(hello_build INTERFACE _GNU_SOURCE HELLO_VERSION="${PROJECT_VERSION}")
target_include_directories(hello_build INTERFACE ${PROJECT_SOURCE_DIR}/src)
# CHECK prints the path of a file in the tree, wherever the tree was built.
target_compile_options(hello_build INTERFACE
  -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wundef -Wformat=2 -Wvla
  -Wpointer-arith -Wcast-qual -Wcast-align -Wwrite-strings -Wnull-dereference -Wdouble-promotion
  -Wimplicit-fallthrough -Wswitch-enum -fno-common
  $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition>
  $<$<C_COMPILER_ID:GNU>:-Wduplicated-cond -Wduplicated-branches -Wlogical-op -Warith-conversion>
  $<$<C_COMPILER_ID:Clang>:-Wshorten-64-to-32 -Wmissing-variable-declarations -Wunreachable-code -Wcomma>)

if(HELLO_SANITIZE)
  target_compile_options(hello_build INTERFACE
    -fsanitize=${HELLO_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(hello_build INTERFACE -fsanitize=${HELLO_SANITIZE})
else()
  target_compile_options(hello_build INTERFACE
    -fstack-protector-strong -fstack-clash-protection -fcf-protection
    $<$<CONFIG:Release>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>)
  target_link_options(hello_build INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)
endif()

# Lines as they stand in the source, so without optimisation; threads must not lose counts, nor the ends of
# processes that exit(3) does not see.
if(HELLO_COVERAGE)
  add_library(hello_flush STATIC ${PROJECT_SOURCE_DIR}/tests/coverage/flush.c)
  target_compile_definitions(hello_flush PRIVATE _GNU_SOURCE)
  target_compile_options(hello_build INTERFACE --coverage -O0 -fprofile-update=atomic)
  target_link_options(hello_build INTERFACE --coverage -Wl,--wrap=_exit,--wrap=abort,--undefined=__wrap_abort)
  target_link_libraries(hello_build INTERFACE hello_flush)
endif()

# hello_library(NAME SOURCES... LINK LIBRARIES...): one static library per folder under src/.
function(hello_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC hello_build ${arg_LINK})
endfunction()
