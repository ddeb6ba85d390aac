// A real nats-server of a test's own, on a port of 127.0.0.1 that it keeps over restarts.
#pragma once

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace noom::bus {

class NatsServer {
 public:
  explicit NatsServer(std::vector<std::string> arguments = {}) : arguments_(std::move(arguments)) { start(); }
  ~NatsServer() { kill(); }
  NatsServer(const NatsServer&) = delete;
  NatsServer& operator=(const NatsServer&) = delete;

  std::string url(std::string_view scheme = "nats", std::string_view host = "127.0.0.1") const {
    return std::string(scheme) + "://" + std::string(host) + ":" + std::to_string(port_);
  }
  void start() {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    std::vector<std::string> words = {"nats-server", "-a", "127.0.0.1", "-p",
                                      port_ == 0 ? "-1" : std::to_string(port_)};
    words.insert(words.end(), arguments_.begin(), arguments_.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    process_ = ::fork();
    if (process_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::dup2(ends[1], STDERR_FILENO);
      ::close(ends[0]);
      ::execvp(argv[0], argv.data());
      ::execv("/usr/sbin/nats-server", argv.data());
      ::_exit(127);
    }
    ::close(ends[1]);
    log_ = ends[0];
    wait_until_ready();
  }
  void kill() {
    if (process_ > 0) {
      ::kill(process_, SIGKILL);
      ::waitpid(process_, nullptr, 0);
    }
    if (log_ >= 0) ::close(log_);
    process_ = log_ = -1;
  }
  void pause() { ::kill(process_, SIGSTOP); }
  void go_on() { ::kill(process_, SIGCONT); }

 private:
  // nats-server says where it listens, and when it does.
  void wait_until_ready() {
    constexpr std::string_view kListening = "client connections on 127.0.0.1:";
    std::string said;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!absl::StrContains(said, "Server is ready")) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd log{log_, POLLIN, 0};
      ASSERT_TRUE(left.count() > 0 && ::poll(&log, 1, static_cast<int>(left.count())) > 0) << "not ready: " << said;
      char text[4096];
      const ssize_t size = ::read(log_, text, sizeof text);
      ASSERT_GT(size, 0) << "nats-server (Debian's package of that name) does not run: " << said;
      said.append(text, static_cast<size_t>(size));
    }
    const size_t at = said.find(kListening) + kListening.size();
    ASSERT_TRUE(absl::SimpleAtoi(said.substr(at, said.find('\n', at) - at), &port_)) << said;
  }

  std::vector<std::string> arguments_;
  int port_ = 0;
  pid_t process_ = -1;
  int log_ = -1;
};

}  // namespace noom::bus
