// What a process has cost so far, from /proc: CPU time of all its threads, and resident memory.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace noom::bench {

struct ProcessCost {
  uint64_t cpu_ns = 0;          // user and system, every thread that is alive
  uint64_t resident_bytes = 0;  // without the kernel's memory for its sockets
};
// Ends the program when the process is gone.
ProcessCost cost_of(pid_t pid);

}  // namespace noom::bench
