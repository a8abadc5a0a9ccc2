# Debian's own Python: another one in PATH would lack Debian's modules.
set(PKTBENCH_PYTHON /usr/bin/python3 CACHE FILEPATH "Python with pytest, matplotlib and jsonschema")

# pktbench_python_test(NAME FILE...) makes files of pytest one test.
function(pktbench_python_test name)
  set(launcher)
  if(name MATCHES "_root$")
    set(launcher ${CMAKE_SOURCE_DIR}/scripts/own-run)
  endif()
  add_test(NAME ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
           COMMAND ${launcher} ${PKTBENCH_PYTHON} -m pytest -q -rs -p no:cacheprovider ${ARGN})
  set_tests_properties(${name} PROPERTIES TIMEOUT 900
    # Under sudo the tests are root's all the same: a lab that gave root up could not enter their folders.
    ENVIRONMENT "SUDO_UID=;SUDO_GID=;PYTHONDONTWRITEBYTECODE=1;MPLCONFIGDIR=${CMAKE_BINARY_DIR}/matplotlib;PKTBENCH_BINARY=${CMAKE_BINARY_DIR}/pktbench;PKTBENCH_SOURCE=${CMAKE_SOURCE_DIR}")
endfunction()

# pktbench_python_tests(FOLDER [LABEL label] [BESIDE name_root ...]) makes each *_test.py of a folder a test, but for
# *_guest_test.py, which are one (scripts/CMakeLists.txt). A file in which pytest finds no test fails. The
# default label "python" keeps them out of the sanitizers' runs with --all, which learn nothing from tests
# that do not start pktbench. *_root_test.py carries the label "root", has a /run of its own
# (scripts/own-run) and runs alone; those in BESIDE only count, and run beside others.
function(pktbench_python_tests folder)
  cmake_parse_arguments(PY "" "LABEL" "BESIDE" ${ARGN})
  if(NOT PY_LABEL)
    set(PY_LABEL python)
  endif()
  file(GLOB tests CONFIGURE_DEPENDS ${folder}/*_test.py)
  list(FILTER tests EXCLUDE REGEX "_guest_test\\.py$")
  cmake_path(RELATIVE_PATH folder BASE_DIRECTORY ${CMAKE_SOURCE_DIR} OUTPUT_VARIABLE room)
  string(REPLACE "/" "." room ${room})
  foreach(test ${tests})
    cmake_path(GET test STEM name)
    string(REGEX REPLACE "_test$" "" name ${name})
    pktbench_python_test(${room}.${name} ${test})
    set_tests_properties(${room}.${name} PROPERTIES LABELS ${PY_LABEL})
    if(name MATCHES "_root$")
      set_tests_properties(${room}.${name} PROPERTIES LABELS "${PY_LABEL};root" TIMEOUT 900)
      if(name IN_LIST PY_BESIDE)
        # Long, each: it begins first.
        set_tests_properties(${room}.${name} PROPERTIES COST 1000)
      else()
        set_tests_properties(${room}.${name} PROPERTIES RUN_SERIAL ON)
      endif()
    endif()
  endforeach()
endfunction()
