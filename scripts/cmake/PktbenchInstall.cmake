# What `cmake --install` puts where, and the Debian package of it (`cpack -G DEB`; scripts/package makes one).
# The program finds all of it from where it is itself (harness/sys/installation.hpp), so that any prefix
# does, and an installation can be moved.
set(data ${CMAKE_INSTALL_DATADIR}/pktbench)
set(extra ${CMAKE_SOURCE_DIR}/scripts/package.d)
set(bash_completions ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
set(zsh_completions ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
set(pages README.md backends/README.md harness/README.md harness/testbed/README.md results/MEASURED.md
          results/README.md results/baselines/README.md results/export/README.md results/history/README.md
          scenarios/README.md scripts/README.md plots/page/example.png)  # what README.md leads to

# CMake makes folders as the umask says, but others are to read what is in them.
set(folders "")
foreach(folder ${CMAKE_INSTALL_BINDIR} ${CMAKE_INSTALL_LIBEXECDIR}/pktbench ${data}/results ${data}/scripts
        ${CMAKE_INSTALL_MANDIR}/man1 ${bash_completions} ${zsh_completions}
        ${CMAKE_INSTALL_DATADIR}/lintian/overrides ${CMAKE_INSTALL_DOCDIR}/harness/testbed
        ${CMAKE_INSTALL_DOCDIR}/backends ${CMAKE_INSTALL_DOCDIR}/results/baselines
        ${CMAKE_INSTALL_DOCDIR}/results/export ${CMAKE_INSTALL_DOCDIR}/results/history
        ${CMAKE_INSTALL_DOCDIR}/scenarios ${CMAKE_INSTALL_DOCDIR}/plots/page ${CMAKE_INSTALL_DOCDIR}/scripts)
  while(folder)
    list(PREPEND folders ${folder})
    cmake_path(GET folder PARENT_PATH folder)
  endwhile()
endforeach()
list(SORT folders)  # each after the one above it
list(REMOVE_DUPLICATES folders)
install(CODE "set(folders . ${folders})")
install(CODE [[
foreach(folder ${folders})
  set(path "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/${folder}")
  if(NOT EXISTS "${path}")
    file(MAKE_DIRECTORY "${path}")
    file(CHMOD "${path}" PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
         WORLD_READ WORLD_EXECUTE)
  endif()
endforeach()
]])

install(TARGETS pktbench RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
if(TARGET pktbench-dpdk)
  install(TARGETS pktbench-dpdk RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/pktbench)
endif()
install(DIRECTORY scenarios DESTINATION ${data} FILES_MATCHING PATTERN "*.json")
install(DIRECTORY plots DESTINATION ${data}
        FILES_MATCHING PATTERN "*.py" PATTERN "page/report.*" PATTERN "*_test.py" EXCLUDE
        PATTERN fixtures.py EXCLUDE PATTERN testdata EXCLUDE PATTERN __pycache__ EXCLUDE)
install(DIRECTORY results/schema DESTINATION ${data}/results
        FILES_MATCHING PATTERN "*.json" PATTERN __pycache__ EXCLUDE)
install(FILES results/schema/checked.py results/schema/recorded.py results/schema/streamed.py
        DESTINATION ${data}/results/schema)
install(DIRECTORY results/export results/history DESTINATION ${data}/results
        FILES_MATCHING PATTERN "*.py" PATTERN "*_test.py" EXCLUDE PATTERN made_runs.py EXCLUDE
        PATTERN testdata EXCLUDE PATTERN __pycache__ EXCLUDE)
install(PROGRAMS results/schema/validate.py DESTINATION ${data}/results/schema)
install(PROGRAMS scripts/lab scripts/lab_init scripts/sudo_user.py DESTINATION ${data}/scripts)
install(FILES scripts/lab_packages.py DESTINATION ${data}/scripts)
install(DIRECTORY scripts/monitoring DESTINATION ${data}/scripts
        FILES_MATCHING PATTERN "*.yml" PATTERN "pktbench.json" PATTERN testdata EXCLUDE PATTERN __pycache__ EXCLUDE)
foreach(page ${pages})
  cmake_path(GET page PARENT_PATH folder)
  install(FILES ${page} DESTINATION ${CMAKE_INSTALL_DOCDIR}/${folder})
endforeach()
install(FILES ${extra}/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${extra}/lintian DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME pktbench)
install(FILES ${CMAKE_BINARY_DIR}/pktbench.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${extra}/completion.bash DESTINATION ${bash_completions} RENAME pktbench)
install(FILES ${extra}/completion.zsh DESTINATION ${zsh_completions} RENAME _pktbench)

# Each release of Debian has libraries of its own, so that a package is for one: an upgrade of the release
# takes the later one's.
set(release "")
if(EXISTS /etc/os-release)
  file(STRINGS /etc/os-release release REGEX "^VERSION_ID=")
  string(REGEX REPLACE "[^0-9.]" "" release "${release}")
endif()
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_VENDOR pktbench)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "measure every way of receiving packets on Linux")
set(CPACK_PACKAGE_DESCRIPTION
"pktbench puts sockets, XDP, AF_XDP, DPDK and the kernel's own drop points
through one identical measurement, and says which is fastest on this host, what
each packet costs in CPU cycles, and how sure it is. Every frame is accounted
for, and what limited a rate is named.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "pktbench maintainers <maintainers@pktbench.invalid>")
set(CPACK_DEBIAN_PACKAGE_RELEASE "1~deb${release}")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "python3")
# What is missing of these is said by name where it is wanted: `list` for DPDK's drivers and nft, `plots`,
# `report`, `validate` and `lab`.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "fonts-dejavu-core, librte-meta-mempool, librte-meta-net, nftables, \
python3-fastjsonschema, python3-ijson, python3-jinja2, python3-jsonschema, \
python3-matplotlib, python3-scipy, python3-sqlalchemy")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "bash-completion, busybox-static, cpio, kmod, python3-psycopg2, qemu-system-x86")
# Debian keeps a package's history by its version.
file(CONFIGURE OUTPUT changelog CONTENT [[
pktbench (@PROJECT_VERSION@-@CPACK_DEBIAN_PACKAGE_RELEASE@) unstable; urgency=medium

  * Built from the sources of this version; their history is in git.

 -- @CPACK_DEBIAN_PACKAGE_MAINTAINER@  Sat, 28 Nov 2026 00:00:00 +0000
]] @ONLY)
execute_process(COMMAND gzip -9nf ${CMAKE_BINARY_DIR}/changelog COMMAND_ERROR_IS_FATAL ANY)
install(FILES ${CMAKE_BINARY_DIR}/changelog.gz DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME changelog.Debian.gz)
include(CPack)
