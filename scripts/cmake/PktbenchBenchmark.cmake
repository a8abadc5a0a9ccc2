# pktbench_benchmark(SOURCES a_bench.cpp LINK ...) adds micro-benchmarks to build/pktbench-micro, which
# pktbench_micro() makes of them with Google Benchmark, where PKTBENCH_BENCHMARKS allows and the library is
# there. They print figures; the one test of it asserts that each runs.
if(NOT PKTBENCH_BENCHMARKS STREQUAL off)
  if(PKTBENCH_BENCHMARKS STREQUAL on)
    find_package(benchmark REQUIRED)
  else()
    find_package(benchmark QUIET)
  endif()
endif()

function(pktbench_benchmark)
  cmake_parse_arguments(B "" "" "SOURCES;LINK" ${ARGN})
  list(TRANSFORM B_SOURCES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  set_property(GLOBAL APPEND PROPERTY PKTBENCH_MICRO_SOURCES ${B_SOURCES})
  set_property(GLOBAL APPEND PROPERTY PKTBENCH_MICRO_LINK ${B_LINK})
endfunction()

function(pktbench_micro)
  if(PKTBENCH_BENCHMARKS STREQUAL off OR NOT benchmark_FOUND)
    return()
  endif()
  get_property(sources GLOBAL PROPERTY PKTBENCH_MICRO_SOURCES)
  get_property(link GLOBAL PROPERTY PKTBENCH_MICRO_LINK)
  list(REMOVE_DUPLICATES sources)
  add_executable(pktbench-micro ${sources})
  target_link_libraries(pktbench-micro PRIVATE pktbench_flags ${link} benchmark::benchmark_main)
  # Up to 1.8 the library takes a time that a benchmark gives it for that of all threads together.
  target_compile_definitions(pktbench-micro PRIVATE
    PKTBENCH_BENCHMARK_DIVIDES_BY_THREADS=$<IF:$<VERSION_LESS:${benchmark_VERSION},1.9.0>,true,false>)
  if(PKTBENCH_TESTS)
    pktbench_python_test(backends.micro_root ${CMAKE_SOURCE_DIR}/backends/xdp/micro_root_test.py)
    set_tests_properties(backends.micro_root PROPERTIES LABELS "cli;root" RUN_SERIAL ON)
  endif()
endfunction()
