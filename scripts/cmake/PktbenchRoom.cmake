# A test's own code is compiled for less time, not for speed.
set(pktbench_test_options $<$<CONFIG:Release,RelWithDebInfo>:-O1>)

# pktbench_room(NAME SOURCES a.cpp ... LINK other ... TESTS a_test.cpp ... ROOT_TESTS b_test.cpp ...
#               ALONE Suite.* ... [LOCK what] [THREADS] TYPES function ...)
# makes the library pktbench_NAME (header-only without SOURCES) and its tests. ROOT_TESTS change
# namespaces or load BPF programs: they skip with a reason without the privileges and carry the label
# "root". They count, so that each runs beside others with a /run of its own (scripts/own-run); what
# measures a CPU's time, or counts what the whole kernel has, is named in ALONE and runs alone. LOCK: what
# only one of them may have at a time. THREADS: it starts threads of ours, so that scripts/test runs its
# tests under the thread sanitizer too. TYPES of a backend: its functions pktbench::backends::function(),
# which return a BackendType each.
function(pktbench_room name)
  cmake_parse_arguments(ROOM "THREADS" "LOCK" "SOURCES;LINK;TESTS;ROOT_TESTS;TEST_LINK;ALONE;TYPES" ${ARGN})
  if(ROOM_SOURCES)
    add_library(pktbench_${name} STATIC ${ROOM_SOURCES})
    target_link_libraries(pktbench_${name} PUBLIC pktbench_flags ${ROOM_LINK})
  else()
    add_library(pktbench_${name} INTERFACE)
    target_link_libraries(pktbench_${name} INTERFACE pktbench_flags ${ROOM_LINK})
  endif()
  if(ROOM_TYPES)
    set_property(GLOBAL APPEND PROPERTY PKTBENCH_BACKENDS pktbench_${name})
    set_property(GLOBAL APPEND PROPERTY PKTBENCH_BACKEND_TYPES ${ROOM_TYPES})
  endif()
  if(NOT PKTBENCH_TESTS)
    return()
  endif()
  if(ROOM_TESTS)
    add_executable(${name}_test ${ROOM_TESTS})
    if(ROOM_THREADS)
      set_property(GLOBAL APPEND PROPERTY PKTBENCH_THREAD_TESTS ${name}_test)
    endif()
    target_compile_options(${name}_test PRIVATE ${pktbench_test_options})
    target_link_libraries(${name}_test PRIVATE pktbench_${name} ${ROOM_TEST_LINK} GTest::gtest_main)
    gtest_discover_tests(${name}_test TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60
                         PROPERTIES TIMEOUT 120)
  endif()
  if(ROOM_ROOT_TESTS)
    add_executable(${name}_root_test ${ROOM_ROOT_TESTS})
    if(ROOM_THREADS)
      set_property(GLOBAL APPEND PROPERTY PKTBENCH_THREAD_TESTS ${name}_root_test)
    endif()
    target_compile_options(${name}_root_test PRIVATE ${pktbench_test_options})
    target_link_libraries(${name}_root_test PRIVATE pktbench_${name} ${ROOM_TEST_LINK}
                                                    GTest::gtest_main)
    set_target_properties(${name}_root_test PROPERTIES
      CROSSCOMPILING_EMULATOR ${CMAKE_SOURCE_DIR}/scripts/own-run)
    list(JOIN ROOM_ALONE ":" alone)
    set(lock)
    if(ROOM_LOCK)
      # The longest row of tests one after the other: it begins first.
      set(lock RESOURCE_LOCK ${ROOM_LOCK} COST 1000)
    endif()
    gtest_discover_tests(${name}_root_test TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60
                         TEST_FILTER "-${alone}" PROPERTIES TIMEOUT 900 LABELS root ${lock})
    if(alone)
      gtest_discover_tests(${name}_root_test TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60
                           TEST_FILTER "${alone}" TEST_LIST ${name}_alone_tests
                           PROPERTIES TIMEOUT 900 LABELS root RUN_SERIAL ON)
    endif()
  endif()
endfunction()
