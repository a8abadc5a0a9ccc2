# pktbench_bpf(NAME) compiles NAME.bpf.c in the current folder with clang and makes the target
# bpf_NAME, whose header "bpf/NAME.skel.h" is a libbpf skeleton.
find_program(BPF_CLANG clang REQUIRED)
find_program(BPF_BPFTOOL bpftool PATHS /usr/sbin REQUIRED)

execute_process(COMMAND ${BPF_CLANG} --version OUTPUT_VARIABLE clang_version_text)
string(REGEX MATCH "version [^ \n]+" BPF_CLANG_VERSION "${clang_version_text}")
string(REPLACE "version " "" BPF_CLANG_VERSION "${BPF_CLANG_VERSION}")

function(pktbench_bpf name)
  set(source ${CMAKE_CURRENT_SOURCE_DIR}/${name}.bpf.c)
  set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.o)
  set(linked ${CMAKE_CURRENT_BINARY_DIR}/${name}.bpf.o)
  set(skeleton ${CMAKE_CURRENT_BINARY_DIR}/${name}.skel.h)
  # The architecture's asm/ headers sit in the multiarch folder, which the bpf target does not search.
  execute_process(COMMAND ${CMAKE_C_COMPILER} -print-multiarch
                  OUTPUT_VARIABLE multiarch OUTPUT_STRIP_TRAILING_WHITESPACE)
  add_custom_command(
    OUTPUT ${object}
    COMMAND ${BPF_CLANG} -target bpf -O2 -g -Wall -Wextra -Werror -Wno-unused-parameter
            -I/usr/include/${multiarch} -MD -MT ${object} -MF ${object}.d -c ${source} -o ${object}
    DEPENDS ${source} DEPFILE ${object}.d VERBATIM)
  add_custom_command(
    OUTPUT ${skeleton}
    COMMAND ${BPF_BPFTOOL} gen object ${linked} ${object}
    COMMAND ${BPF_BPFTOOL} gen skeleton ${linked} name ${name} > ${skeleton}
    DEPENDS ${object} VERBATIM)
  add_custom_target(bpf_${name}_skeleton DEPENDS ${skeleton})
  add_library(bpf_${name} INTERFACE)
  add_dependencies(bpf_${name} bpf_${name}_skeleton)
  target_include_directories(bpf_${name} SYSTEM INTERFACE ${CMAKE_BINARY_DIR})
  target_link_libraries(bpf_${name} INTERFACE PkgConfig::LIBBPF)
endfunction()
