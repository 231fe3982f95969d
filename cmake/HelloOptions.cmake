# The options of the build, and those that exclude each other.
option(HELLO_STATIC "Link the programs statically: they need no loader and no library where they run" OFF)
option(HELLO_LIBFUZZER "Build the fuzz targets with libFuzzer (clang only)" OFF)
option(HELLO_TESTS "Build the tests" ON)
option(HELLO_BENCH "Build what hello-load is measured against" OFF)
set(HELLO_SANITIZE "" CACHE STRING "Sanitizers to build with, as -fsanitize= takes them")
option(HELLO_COVERAGE "Count how often each line runs (gcc only)" OFF)
set(HELLO_REVISION "" CACHE STRING "The revision that --version prints; empty: the one that git finds, or none")

if(HELLO_STATIC AND HELLO_SANITIZE)
  message(FATAL_ERROR
    "HELLO_STATIC excludes HELLO_SANITIZE '${HELLO_SANITIZE}': most sanitizers do not work in static programs; configure with -DHELLO_STATIC=OFF")
endif()
if(HELLO_COVERAGE AND NOT CMAKE_C_COMPILER_ID STREQUAL "GNU")
  message(FATAL_ERROR
    "HELLO_COVERAGE needs gcc, not ${CMAKE_C_COMPILER_ID}; configure with --preset coverage, or with -DCMAKE_C_COMPILER=gcc in a new build directory")
endif()
if(HELLO_LIBFUZZER AND NOT CMAKE_C_COMPILER_ID MATCHES Clang)
  message(FATAL_ERROR "HELLO_LIBFUZZER needs clang, not ${CMAKE_C_COMPILER_ID}; configure with --preset clang")
endif()
