// Notices that files have been changed or replaced: looks at them now and then, which works on every file system and
// through the symbolic links of mounted secrets.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/base/time.h"

namespace noom::signal {

class FileWatch {
 public:
  // Calls `changed` on a thread of its own, at most once in `interval`, until destroyed. No thread without files.
  FileWatch(std::vector<std::string> files, Duration interval, std::function<void()> changed);
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;
  ~FileWatch();

 private:
  void run();

  std::vector<std::string> files_;
  Duration interval_;
  std::function<void()> changed_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace noom::signal
