// What a fuzz target says when a property does not hold: the place, then abort, so that libFuzzer keeps the input and
// ctest shows the line.
#pragma once

#include <cstdio>
#include <cstdlib>

#define NOOM_PROPERTY(condition)                                                          \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)
