# pktbench_benchmark(NAME SOURCES a_bench.cpp LINK ...) makes the micro-benchmark NAME_bench with Google
# Benchmark, where PKTBENCH_BENCHMARKS allows and the library is there. They print figures and assert
# none; ctest does not run them.
if(NOT PKTBENCH_BENCHMARKS STREQUAL off)
  if(PKTBENCH_BENCHMARKS STREQUAL on)
    find_package(benchmark REQUIRED)
  else()
    find_package(benchmark QUIET)
  endif()
endif()

function(pktbench_benchmark name)
  if(PKTBENCH_BENCHMARKS STREQUAL off OR NOT benchmark_FOUND)
    return()
  endif()
  cmake_parse_arguments(B "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name}_bench ${B_SOURCES})
  target_link_libraries(${name}_bench PRIVATE ${B_LINK} benchmark::benchmark_main)
endfunction()
