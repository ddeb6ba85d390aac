// A daemon's life in a process of its own: signals, drain, exit codes, what it tells scripts and systemd.
#include "common/ops/daemon.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "common/ops/text_file.h"

namespace noom::ops {
namespace {

using testing::HasSubstr;
using testing::Not;

enum class Drains { kAtOnce, kNever };

class SampleService final : public Service {
 public:
  explicit SampleService(Drains drains) : drains_(drains) {}
  std::vector<BoundListener> listeners() const override {
    return {{"listen.udp", "udp", *IpEndpoint::parse("127.0.0.1:1")},
            {"listen.tcp", "tcp", *IpEndpoint::parse("[::1]:2")}};
  }
  void collect(MetricPage& page) const override { page.gauge("noom_sample", "Sample.").sample(uint64_t{1}); }
  void drain(std::function<void()> drained) override {
    if (drains_ == Drains::kAtOnce) std::thread(std::move(drained)).join();
  }

 private:
  Drains drains_;
};

// The daemon's main, with a service that does nothing.
int sample_main(std::vector<std::string> arguments, Drains drains) {
  OpsConfig ops;
  ConfigTable table;
  add_ops_rows(table, ops);
  std::vector<char*> argv;
  arguments.insert(arguments.begin(), "noom-sample");
  for (std::string& argument : arguments) argv.push_back(argument.data());
  return run_daemon(static_cast<int>(argv.size()), argv.data(),
                    {.name = "noom-sample",
                     .summary = "does nothing",
                     .table = &table,
                     .ops = &ops,
                     .check = [] { return Findings{.errors = {}, .warnings = {"something odd; look at it"}}; },
                     .start = [&](LogSink&) -> absl::StatusOr<std::unique_ptr<Service>> {
                       return std::make_unique<SampleService>(drains);
                     }});
}

// A child process that runs sample_main; its standard error is read here. Killed if it outlives the test.
class Child {
 public:
  Child(const std::vector<std::string>& arguments, Drains drains, const std::string& notify_socket = "") {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(ends[1], STDERR_FILENO);
      ::dup2(ends[1], STDOUT_FILENO);
      ::close(ends[0]);
      ::close(ends[1]);
      if (!notify_socket.empty()) ::setenv("NOTIFY_SOCKET", notify_socket.c_str(), 1);
      ::_exit(sample_main(arguments, drains));
    }
    ::close(ends[1]);
    out_ = ends[0];
  }
  ~Child() {
    ::close(out_);
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  void signal(int number) { ::kill(pid_, number); }
  // Reads on until `text` has come, or the end.
  const std::string& read_until(std::string_view text) {
    char chunk[512];
    while (said_.find(text) == said_.npos) {
      const ssize_t count = ::read(out_, chunk, sizeof chunk);
      if (count <= 0) break;
      said_.append(chunk, static_cast<size_t>(count));
    }
    return said_;
  }
  const std::string& read_all() { return read_until(std::string_view("\0", 1)); }
  int exit_code() {
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = -1;
  int out_ = -1;
  std::string said_;
};

class DaemonTest : public testing::Test {
 protected:
  DaemonTest() {
    std::string name = testing::TempDir() + "daemon_XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~DaemonTest() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

TEST_F(DaemonTest, SigtermDrainsAndExitsWithZero) {
  Child child({}, Drains::kAtOnce);
  EXPECT_THAT(child.read_until("event=ready"),
              HasSubstr("event=configuration_warning message=\"something odd; look at it\""));
  child.signal(SIGTERM);
  const std::string& said = child.read_all();
  EXPECT_THAT(said, HasSubstr("event=ready listener=udp://127.0.0.1:1 listener=tcp://[::1]:2 version="));
  EXPECT_THAT(said, HasSubstr("event=draining by=TERM in_progress=0 timeout_s=5\n"));
  EXPECT_THAT(said, HasSubstr("event=stopped\n"));
  EXPECT_EQ(child.exit_code(), 0);
}

TEST_F(DaemonTest, ADrainThatTakesTooLongIsCutShort) {
  Child child({"--set", "daemon.drain_timeout_s=1"}, Drains::kNever);
  child.read_until("event=ready");
  child.signal(SIGINT);
  EXPECT_THAT(child.read_all(),
              testing::AllOf(HasSubstr("event=drain_timed_out in_progress=0\n"), HasSubstr("event=stopped\n")));
  EXPECT_EQ(child.exit_code(), 0);
}

TEST_F(DaemonTest, WithoutADrainTimeoutItStopsAtOnce) {
  Child child({"--set=daemon.drain_timeout_s=0"}, Drains::kNever);
  child.read_until("event=ready");
  child.signal(SIGTERM);
  EXPECT_THAT(child.read_all(), testing::AllOf(HasSubstr("event=stopped\n"), Not(HasSubstr("timed_out"))));
  EXPECT_EQ(child.exit_code(), 0);
}

TEST_F(DaemonTest, ASecondSignalEndsADrain) {
  Child child({"--set=daemon.drain_timeout_s=1000"}, Drains::kNever);
  child.read_until("event=ready");
  child.signal(SIGTERM);
  child.read_until("event=draining");
  child.signal(SIGTERM);
  EXPECT_THAT(child.read_all(), HasSubstr("event=stopped_undrained signal=TERM\n"));
  EXPECT_EQ(child.exit_code(), 1);
}

TEST_F(DaemonTest, Sigusr1DrainsForAsLongAsItTakesAndSigtermIsAsEver) {
  Child patient({}, Drains::kNever);
  patient.read_until("event=ready");
  patient.signal(SIGUSR1);
  patient.read_until("event=draining by=USR1 in_progress=0 timeout_s=none\n");
  patient.signal(SIGTERM);
  patient.read_until("event=draining by=TERM in_progress=0 timeout_s=5\n");
  patient.signal(SIGTERM);
  EXPECT_EQ(patient.exit_code(), 1);

  Child empty({}, Drains::kAtOnce);
  empty.read_until("event=ready");
  empty.signal(SIGUSR1);
  EXPECT_THAT(empty.read_all(), testing::AllOf(HasSubstr("event=drained\n"), HasSubstr("event=stopped\n")));
  EXPECT_EQ(empty.exit_code(), 0);
}

TEST_F(DaemonTest, SighupSaysThatNothingCanBeReloadedAndSigpipeIsIgnored) {
  Child child({}, Drains::kAtOnce);
  child.read_until("event=ready");
  child.signal(SIGPIPE);
  child.signal(SIGHUP);
  EXPECT_THAT(child.read_until("event=reload_refused"), HasSubstr("event=reload_refused"));
  child.signal(SIGTERM);
  EXPECT_THAT(child.read_all(), HasSubstr("reason=\"configuration changes need a restart\"\n"));
  EXPECT_EQ(child.exit_code(), 0);
}

TEST_F(DaemonTest, TheReadyFileNamesEveryListenerAndGoesWithTheDaemon) {
  const std::string file = folder_ + "/ready.json";
  Child child({"--set=daemon.ready_file=" + file, "--set=metrics.listen=127.0.0.1:0"}, Drains::kAtOnce);
  child.read_until("event=ready");
  const auto ready = read_text_file(file);
  ASSERT_TRUE(ready.ok());
  EXPECT_THAT(
      ready->text,
      HasSubstr("\"listeners\":[{\"name\":\"listen.udp\",\"transport\":\"udp\",\"address\":\"127.0.0.1\",\"port\":1},"
                "{\"name\":\"listen.tcp\",\"transport\":\"tcp\",\"address\":\"::1\",\"port\":2}],"
                "\"metrics\":{\"address\":\"127.0.0.1\",\"port\":"));
  child.signal(SIGTERM);
  child.read_all();
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(DaemonTest, SystemdIsToldReadyAndStopping) {
  const std::string path = folder_ + "/notify";
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  Child child({}, Drains::kAtOnce, path);
  char state[64];
  ASSERT_GT(::recv(socket, state, sizeof state, 0), 0);
  EXPECT_THAT(state, testing::StartsWith("READY=1"));
  child.signal(SIGTERM);
  ASSERT_GT(::recv(socket, state, sizeof state, 0), 0);
  EXPECT_THAT(state, testing::StartsWith("STOPPING=1"));
  EXPECT_EQ(child.exit_code(), 0);
  ::close(socket);
}

TEST_F(DaemonTest, BadConfigurationExitsWith78AndAllItsErrors) {
  const std::string file = folder_ + "/f.toml";
  ASSERT_TRUE(write_text_file_atomically(file, "[log]\nlevle = 1\nformat = 2\n").ok());
  Child child({"--config", file}, Drains::kAtOnce);
  EXPECT_EQ(child.read_all(),
            "noom-sample: " + file + ":2: log.levle: unknown key; did you mean \"log.level\"?\n" +
                "noom-sample: " + file +
                ":3: log.format: wanted one of \"text\", \"json\", got an integer; write it as format = \"text\"\n");
  EXPECT_EQ(child.exit_code(), 78);
}

TEST_F(DaemonTest, CheckConfigSaysOkAndRepeatsWarnings) {
  Child child({"--check-config"}, Drains::kAtOnce);
  const std::string& said = child.read_all();
  EXPECT_THAT(said, HasSubstr("noom-sample: warning: something odd; look at it\n"));
  EXPECT_THAT(said, HasSubstr("configuration ok\n"));
  EXPECT_EQ(child.exit_code(), 0);
}

TEST_F(DaemonTest, WrongUsageExitsWith64) {
  Child child({"--frobnicate"}, Drains::kAtOnce);
  EXPECT_EQ(child.read_all(), "noom-sample: unknown option --frobnicate; --help lists the options\n");
  EXPECT_EQ(child.exit_code(), 64);
}

TEST_F(DaemonTest, AMetricsPortInUseIsOneLineWithItsKey) {
  const int taken = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(taken, reinterpret_cast<const sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(taken, 1), 0);
  ASSERT_EQ(::getsockname(taken, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::string at = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  Child child({"--set=metrics.listen=" + at}, Drains::kAtOnce);
  EXPECT_THAT(child.read_all(), HasSubstr("noom-sample: --set metrics.listen: cannot use " + at +
                                          ": Address already in use; choose another, or free this one\n"));
  EXPECT_EQ(child.exit_code(), 1);
  ::close(taken);
}

}  // namespace
}  // namespace noom::ops
