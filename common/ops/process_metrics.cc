// What the operating system knows about this process, under the names that Prometheus client libraries share.
#include <dirent.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "common/ops/metrics.h"

namespace noom::ops {
namespace {

// Fields of /proc/self/stat from the third on: the second is a name in parentheses that may hold anything. proc(5).
uint64_t stat_field(int number) {
  std::ifstream file("/proc/self/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const size_t name_end = text.rfind(')');
  if (name_end == text.npos) return 0;
  std::istringstream fields(text.substr(name_end + 1));
  std::string field;
  for (int i = 3; i <= number; ++i) fields >> field;
  return std::strtoull(field.c_str(), nullptr, 10);
}

double read_clock_s(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double start_time_s() {
  constexpr int kStartTimeField = 22;  // clock ticks after boot
  // Not from /proc/stat: the units' ProcSubset=pid hides it.
  const double boot_s = read_clock_s(CLOCK_REALTIME) - read_clock_s(CLOCK_BOOTTIME);
  return boot_s + static_cast<double>(stat_field(kStartTimeField)) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

uint64_t open_descriptors() {
  DIR* directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return 0;
  uint64_t count = 0;
  while (const dirent* entry = ::readdir(directory)) count += entry->d_name[0] != '.';
  ::closedir(directory);
  return count - 1;  // the directory itself
}

double cpu_s(const rusage& usage) {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

void collect_process(MetricPage& page, std::string_view daemon, std::string_view version) {
  constexpr int kResidentPagesField = 24;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  static const double started_s = start_time_s();

  page.gauge("noom_build_info", "Which daemon and version this is; always 1.")
      .sample(uint64_t{1}, {{"daemon", daemon}, {"version", version}});
  page.gauge("noom_clock_seconds",
             "The host's clock at the scrape, in seconds since the Unix epoch; compared with the time of the scrape it "
             "tells how wrong it is.")
      .sample(read_clock_s(CLOCK_REALTIME));
  page.counter("process_cpu_seconds_total", "User and system CPU time spent.").sample(cpu_s(usage));
  page.gauge("process_resident_memory_bytes", "Resident memory size.")
      .sample(stat_field(kResidentPagesField) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)));
  page.gauge("process_open_fds", "Open file descriptors.").sample(open_descriptors());
  page.gauge("process_max_fds", "Limit of open file descriptors.").sample(static_cast<uint64_t>(files.rlim_cur));
  page.gauge("process_start_time_seconds", "When the process started, in seconds since the Unix epoch.")
      .sample(started_s);
}

}  // namespace noom::ops
