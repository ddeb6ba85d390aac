// noom-ctl status, reload, drain and kill: what a running daemon is asked and told.
#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <thread>
#include <utility>

#include "ctl/admin_client.h"
#include "ctl/check.h"
#include "ctl/commands.h"

namespace noom::ctl {
namespace {

namespace json = boost::json;

constexpr auto kDrainPolls = std::chrono::milliseconds(500);
constexpr int64_t kDrainDeadlineSecondsMax = 604'800;

// The daemons that a command is about: those named, else those whose sockets are there.
absl::StatusOr<std::vector<std::string_view>> daemons_of(const Invocation& invocation) {
  std::vector<std::string_view> daemons;
  for (const std::string& argument : invocation.arguments) {
    daemons.push_back(daemon_named(argument));
    if (daemons.back().empty())
      return absl::InvalidArgumentError("there is no daemon \"" + argument + "\"; say stun, turn or signal");
  }
  if ((invocation.has("--socket") || invocation.has("--url")) && daemons.size() != 1)
    return absl::InvalidArgumentError("--socket and --url are one daemon's; say which: stun, turn or signal");
  if (daemons.empty()) daemons.assign(std::begin(kDaemons), std::end(kDaemons));
  return daemons;
}

std::string text_of(const json::value& value, std::string_view key) {
  const json::value* found = value.is_object() ? value.as_object().if_contains(key) : nullptr;
  if (found == nullptr) return {};
  return found->is_string() ? std::string(found->as_string()) : json::serialize(*found);
}

std::string address_of(const json::value& listener) {
  const std::string address = text_of(listener, "address");
  return (address.find(':') == std::string::npos ? address : "[" + address + "]") + ":" + text_of(listener, "port");
}

// "noom-turn 0.1.0: ready, pid 12" and a line for each listener.
std::string describe(const json::value& status) {
  const std::string state = text_of(status, "draining") == "true" ? "draining"
                            : text_of(status, "ready") == "true"  ? "ready"
                                                                  : "not ready";
  std::string text = text_of(status, "daemon") + " " + text_of(status, "version") + ": " + state + ", pid " +
                     text_of(status, "pid") + "\n";
  if (const json::value* listeners = status.is_object() ? status.as_object().if_contains("listeners") : nullptr;
      listeners != nullptr && listeners->is_array()) {
    for (const json::value& listener : listeners->as_array())
      text += "  " + text_of(listener, "transport") + "://" + address_of(listener) + "  " + text_of(listener, "name") +
              "\n";
  }
  return text;
}

// Asks each daemon; `tell` prints what a good one says. The worst exit code.
template <typename Tell>
int ask_each(const Invocation& invocation, std::string_view method, const std::string& path, Tell tell) {
  const auto daemons = daemons_of(invocation);
  if (!daemons.ok()) return complain(kExitUsage, std::string(daemons.status().message()));
  int exit_code = kExitGood;
  for (const std::string_view daemon : *daemons) {
    const auto target = target_of(invocation, daemon);
    if (!target.ok()) return complain(kExitUsage, std::string(target.status().message()));
    const auto response = ask(*target, method, path);
    if (!response.ok()) {
      exit_code = std::max(exit_code, complain(kExitUnavailable, std::string(response.status().message())));
    } else if (!response->good()) {
      exit_code = std::max(exit_code, complain(kExitFailed, refusal_of(*target, *response)));
    } else {
      tell(*target, *response);
    }
  }
  return exit_code;
}

}  // namespace

int run_status(const Invocation& invocation) {
  int exit_code = kExitGood;
  const int asked = ask_each(invocation, "GET", "/v1/status", [&](const AdminTarget&, const AdminResponse& response) {
    boost::system::error_code error;
    const json::value status = json::parse(response.body, error);
    if (text_of(status, "ready") != "true") exit_code = kExitFailed;
    print(invocation.has("--json") ? response.body : describe(status));
  });
  return std::max(asked, exit_code);
}

int run_reload(const Invocation& invocation) {
  return ask_each(invocation, "POST", "/v1/reload", [](const AdminTarget& target, const AdminResponse&) {
    print(target.daemon + ": reloaded; the log names keys that need a restart (journalctl -u " + target.daemon + ")\n");
  });
}

// Says how much is left until the daemon has ended: its exit code for the shell.
int watch_drain(const AdminTarget& target) {
  std::string shown;
  for (;;) {
    const auto response = ask(target, "GET", "/v1/status");
    if (!response.ok()) break;  // nobody answers any more: it has ended
    if (!response->good()) return complain(kExitFailed, refusal_of(target, *response));
    boost::system::error_code error;
    const json::value status = json::parse(response->body, error);
    const std::string left = text_of(status, "in_progress");
    if (std::exchange(shown, left) != left) print(target.daemon + ": " + left + " in progress\n");
    std::this_thread::sleep_for(kDrainPolls);
  }
  print(target.daemon + ": ended\n");
  return kExitGood;
}

int run_drain(const Invocation& invocation) {
  const auto deadline = invocation.number("--deadline", -1, 0, kDrainDeadlineSecondsMax);
  if (!deadline) return kExitUsage;
  const std::string path = *deadline < 0 ? "/v1/drain" : "/v1/drain?deadline_s=" + std::to_string(*deadline);
  std::vector<AdminTarget> begun;
  int exit_code = ask_each(invocation, "POST", path, [&](const AdminTarget& target, const AdminResponse&) {
    print(target.daemon + ": draining; it takes nothing new, and ends with what is in progress" +
          (*deadline < 0 ? "\n" : ", or in " + std::to_string(*deadline) + " s\n"));
    begun.push_back({target.daemon, target.socket, target.host, target.port, target.token.clone()});
  });
  if (invocation.has("--no-wait")) return exit_code;
  for (const AdminTarget& target : begun) exit_code = std::max(exit_code, watch_drain(target));
  return exit_code;
}

int run_kill(const Invocation& invocation) {
  if (invocation.arguments.front() != "room")
    return complain(kExitUsage, "\"" + invocation.arguments.front() + "\" cannot be ended; say room NAME");
  const auto target = target_of(invocation, "noom-signal");
  if (!target.ok()) return complain(kExitUsage, std::string(target.status().message()));
  std::string path = "/v1/rooms/" + percent_encoded(invocation.arguments[1]);
  if (const auto message = invocation.value("--message")) path += "?message=" + percent_encoded(*message);
  const auto response = ask(*target, "DELETE", path);
  if (!response.ok()) return complain(kExitUnavailable, std::string(response.status().message()));
  if (!response->good()) return complain(kExitFailed, refusal_of(*target, *response));
  print("room " + invocation.arguments[1] + " has ended\n");
  return kExitGood;
}

}  // namespace noom::ctl
