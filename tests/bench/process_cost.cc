#include "tests/bench/process_cost.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace noom::bench {

ProcessCost cost_of(pid_t pid) {
  const std::filesystem::path process = "/proc/" + std::to_string(pid);
  ProcessCost cost;
  std::error_code gone;
  for (const auto& task : std::filesystem::directory_iterator(process / "task", gone)) {
    uint64_t on_cpu_ns = 0;
    std::ifstream(task.path() / "schedstat") >> on_cpu_ns;
    cost.cpu_ns += on_cpu_ns;
  }
  uint64_t pages = 0;
  uint64_t resident_pages = 0;
  std::ifstream(process / "statm") >> pages >> resident_pages;
  if (gone || resident_pages == 0) {
    std::fprintf(stderr, "process %d is gone\n", pid);
    std::exit(1);
  }
  cost.resident_bytes = resident_pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return cost;
}

}  // namespace noom::bench
