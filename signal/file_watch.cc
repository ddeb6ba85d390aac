#include "signal/file_watch.h"

#include <signal.h>
#include <sys/stat.h>

#include <utility>

namespace noom::signal {
namespace {

// What tells one content from the next: a file renamed over another has its own inode.
std::string look_at(const std::vector<std::string>& files) {
  std::string seen;
  for (const std::string& file : files) {
    struct stat facts {};
    if (::stat(file.c_str(), &facts) != 0) {
      seen += "none ";
      continue;
    }
    for (const int64_t value :
         {static_cast<int64_t>(facts.st_ino), static_cast<int64_t>(facts.st_size),
          static_cast<int64_t>(facts.st_mtim.tv_sec), static_cast<int64_t>(facts.st_mtim.tv_nsec)})
      seen += std::to_string(value) + " ";
  }
  return seen;
}

}  // namespace

FileWatch::FileWatch(std::vector<std::string> files, Duration interval, std::function<void()> changed)
    : files_(std::move(files)), interval_(interval), changed_(std::move(changed)) {
  if (files_.empty()) return;
  // Signals are for the main thread.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

FileWatch::~FileWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void FileWatch::run() {
  std::string seen = look_at(files_);
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, interval_, [this] { return stopping_; })) {
    lock.unlock();
    if (std::string now = look_at(files_); now != seen) {
      seen = std::move(now);
      changed_();
    }
    lock.lock();
  }
}

}  // namespace noom::signal
