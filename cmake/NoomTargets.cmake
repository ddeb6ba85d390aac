# noom_library(<name> SOURCES … HEADERS … [LINK …] [LINK_PRIVATE …])
# A static library `noom_<name>` whose public headers are each compiled alone (header self-containment).
# LINK is the whole list of what the folder may use: an include of anything else does not link, and tests/lint says so first.
function(noom_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;HEADERS;LINK;LINK_PRIVATE" ${ARGN})
  set(target noom_${name})
  add_library(${target} STATIC ${ARG_SOURCES})
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS ${CMAKE_SOURCE_DIR} FILES ${ARG_HEADERS})
  set_target_properties(${target} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON LINKER_LANGUAGE CXX)
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${target} PUBLIC ${ARG_LINK} PRIVATE ${ARG_LINK_PRIVATE})
  add_library(noom::${name} ALIAS ${target})
endfunction()

# noom_test(<name> SOURCES … LINK …): a GoogleTest program whose every test is a ctest of its own, labelled `unit`.
function(noom_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gmock GTest::gtest_main)
  gtest_discover_tests(${name} TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST PROPERTIES LABELS unit TIMEOUT 120)
endfunction()
