// noom-ctl doctor: what an operator would look at one after the other, and a packet through the relay for real. Each
// finding says what to do.
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <optional>

#include "common/auth/credentials.h"
#include "common/io/clocks.h"
#include "common/ops/text_file.h"
#include "ctl/admin_client.h"
#include "ctl/check.h"
#include "ctl/commands.h"
#include "ctl/program.h"
#include "ctl/turn_client.h"

namespace noom::ctl {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds kTestLifetime(300);

enum class Verdict : uint8_t { kGood, kWarning, kError };
constexpr std::string_view kVerdicts[] = {"good", "warning", "error"};

struct Finding {
  Verdict verdict;
  std::string about;   // "noom-turn configuration", "relay udp 127.0.0.1:3478"
  std::string what;    // what is so
  std::string remedy;  // empty for good ones
};

class Doctor {
 public:
  explicit Doctor(const Invocation& invocation) : invocation_(invocation) {}

  void examine(std::string_view daemon, const std::string& program) {
    examine_configuration(daemon, program);
    const auto status = examine_process(daemon);
    if (status && daemon == "noom-turn") examine_relay(*status);
  }
  const std::vector<Finding>& findings() const { return findings_; }

 private:
  void note(Verdict verdict, std::string about, std::string what, std::string remedy = "") {
    findings_.push_back({verdict, std::move(about), std::move(what), std::move(remedy)});
  }
  void examine_configuration(std::string_view daemon, const std::string& program);
  std::optional<json::object> examine_process(std::string_view daemon);
  void examine_relay(const json::object& status);
  std::optional<TurnLogin> login();
  void examine_listener(const std::string& transport, const IpEndpoint& at, const TurnLogin& login);
  void explain(const std::string& about, const absl::Status& status);

  const Invocation& invocation_;
  std::vector<Finding> findings_;
};

// A line of --check-config holds its remedy: "<place>: <what>; <remedy>".
void Doctor::examine_configuration(std::string_view daemon, const std::string& program) {
  std::vector<std::string> options;
  if (const auto file = invocation_.value("--config")) options = {"--config", *file};
  const CheckResult result = check_daemon(program, daemon, options);
  const std::string about = result.daemon + " configuration";
  const auto add = [&](Verdict verdict, const std::string& line) {
    const size_t end = std::min(line.rfind("; "), line.size());
    note(verdict, about, line.substr(0, end),
         end == line.size() ? "see man " + result.daemon + ".toml" : line.substr(end + 2));
  };
  for (const std::string& line : result.errors) add(Verdict::kError, line);
  for (const std::string& line : result.warnings) add(Verdict::kWarning, line);
  if (result.errors.empty() && result.warnings.empty()) note(Verdict::kGood, about, "holds");
}

std::optional<json::object> Doctor::examine_process(std::string_view daemon) {
  const std::string about(daemon);
  const auto target = target_of(invocation_, daemon);
  const auto response = target.ok() ? ask(*target, "GET", "/v1/status") : target.status();
  if (!response.ok()) {
    const std::string line(response.status().message());
    const size_t end = std::min(line.find("; "), line.size());
    note(Verdict::kError, about, line.substr(0, end), end == line.size() ? "" : line.substr(end + 2));
    return std::nullopt;
  }
  boost::system::error_code error;
  const json::value status = json::parse(response->body, error);
  if (!response->good() || error || !status.is_object()) {
    note(Verdict::kError, about, refusal_of(*target, *response), "install noom-ctl and " + about + " of one version");
    return std::nullopt;
  }
  const json::object& object = status.as_object();
  const auto is = [&](std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_bool() && value->as_bool();
  };
  if (is("draining")) {
    note(Verdict::kError, about, "drains and takes nothing new", "start it again once it has ended");
  } else if (!is("ready")) {
    note(Verdict::kError, about, "runs, but is not ready",
         "see why: journalctl -u " + about + "; of noom-turn, external addresses that cannot be looked up");
  } else {
    note(Verdict::kGood, about, "runs and is ready");
  }
  return object;
}

std::optional<TurnLogin> Doctor::login() {
  const std::string path = invocation_.value("--secret-file").value_or("/etc/noom/turn-secret");
  const auto file = ops::read_secret_file(path);
  if (!file.ok()) {
    note(Verdict::kError, "relay", path + ": " + std::string(file.status().message()),
         "name the secret that noom-signal uses with --secret-file, and run as who may read it (sudo)");
    return std::nullopt;
  }
  const auth::RestCredentials made =
      auth::mint_rest_credentials(file->secret, "noom-ctl-doctor", io::read_clocks().wall + kTestLifetime);
  return TurnLogin{made.username, made.password};
}

void Doctor::examine_relay(const json::object& status) {
  const auto credentials = login();
  const json::value* listeners = status.if_contains("listeners");
  if (!credentials || listeners == nullptr || !listeners->is_array()) return;
  for (const json::value& each : listeners->as_array()) {
    const json::object& listener = each.as_object();
    const std::string transport(listener.at("transport").as_string());
    auto address = IpAddress::parse(std::string_view(listener.at("address").as_string()));
    if (!address) continue;
    // A wildcard is reached over loopback.
    if (address->to_string() == "0.0.0.0") address = IpAddress::v4(127, 0, 0, 1);
    if (address->to_string() == "::") address = IpAddress::parse("::1");
    examine_listener(transport, {*address, static_cast<uint16_t>(listener.at("port").to_number<int>())}, *credentials);
  }
}

void Doctor::explain(const std::string& about, const absl::Status& status) {
  const std::string said(status.message());
  if (status.code() == absl::StatusCode::kUnauthenticated) {
    note(Verdict::kError, about,
         "noom-turn does not know the secret, or its clock differs by more than " +
             std::to_string(kTestLifetime.count()) + " s (401)",
         "let auth.rest_secret_files of noom-turn and turn.rest_secret_file of noom-signal name the same secret, and "
         "reload both; timedatectl shows the clock");
  } else if (status.code() == absl::StatusCode::kFailedPrecondition) {
    const bool full = said == "508" || said == "486";
    note(Verdict::kError, about, "refuses allocations with " + said,
         full ? "look at limits.* and relay.port_min, relay.port_max, and at noom_turn_ports_free"
              : "see journalctl -u noom-turn");
  } else {
    note(Verdict::kError, about, said,
         "see that no firewall is in between, and that the listener is served: noom-ctl status turn");
  }
}

// Two allocations, and a packet from the one's relayed address to the other's.
void Doctor::examine_listener(const std::string& transport, const IpEndpoint& at, const TurnLogin& login) {
  const std::string about = "relay " + transport + " " + at.to_string();
  const bool is_plain_udp = transport == "udp" || transport == "udp_or_dtls";
  if (!is_plain_udp && transport != "tcp" && transport != "tls" && transport != "tcp_or_tls") return;
  const Carrier carrier = is_plain_udp ? Carrier::kUdp : transport == "tls" ? Carrier::kTls : Carrier::kTcp;
  std::unique_ptr<TurnClient> clients[2];
  IpEndpoint relayed[2];
  for (size_t i = 0; i < 2; ++i) {
    auto client = TurnClient::connect(carrier, at, login);
    if (!client.ok()) return explain(about, client.status());
    clients[i] = *std::move(client);
    const auto allocated = clients[i]->allocate();
    if (!allocated.ok()) return explain(about, allocated.status());
    relayed[i] = *allocated;
  }
  for (size_t i = 0; i < 2; ++i)
    if (const absl::Status status = clients[i]->permit(relayed[1 - i]); !status.ok()) return explain(about, status);
  constexpr std::string_view kPayload = "noom-ctl doctor";
  if (const absl::Status status = clients[0]->send(relayed[1], kPayload); !status.ok()) return explain(about, status);
  const auto received = clients[1]->receive();
  if (!received.ok() || *received != kPayload) {
    return note(Verdict::kError, about, "allocates, but a packet between two relayed addresses does not arrive",
                "see noom_turn_drops_total on its /metrics for the reason");
  }
  note(Verdict::kGood, about,
       "allocates and relays (" + relayed[0].to_string() + " to " + relayed[1].to_string() + ")");
}

}  // namespace

int run_doctor(const Invocation& invocation) {
  const bool is_particular = invocation.has("--config") || invocation.has("--socket") || invocation.has("--url");
  if (is_particular && invocation.arguments.size() != 1)
    return complain(kExitUsage, "--config, --socket and --url are one daemon's; say which: stun, turn or signal");
  if (invocation.has("--url") && !target_of(invocation, "noom").ok())
    return complain(kExitUsage, std::string(target_of(invocation, "noom").status().message()));
  Doctor doctor(invocation);
  size_t examined = 0;
  for (const std::string_view daemon : kDaemons) {
    const bool named = std::any_of(invocation.arguments.begin(), invocation.arguments.end(),
                                   [&](const std::string& argument) { return daemon_named(argument) == daemon; });
    const auto program = find_program(daemon);
    if (named && !program) return complain(kExitUnavailable, std::string(daemon) + " is not installed here");
    if ((!invocation.arguments.empty() && !named) || !program) continue;
    doctor.examine(daemon, *program);
    ++examined;
  }
  if (examined < std::max<size_t>(1, invocation.arguments.size()))
    return complain(examined == 0 && invocation.arguments.empty() ? kExitUnavailable : kExitUsage,
                    "no such daemon of Noom here; say stun, turn or signal");
  bool healthy = true;
  json::array report;
  for (const Finding& finding : doctor.findings()) {
    const std::string_view verdict = kVerdicts[static_cast<size_t>(finding.verdict)];
    healthy = healthy && finding.verdict != Verdict::kError;
    if (invocation.has("--json")) {
      report.push_back(json::object{
          {"verdict", verdict}, {"about", finding.about}, {"what", finding.what}, {"remedy", finding.remedy}});
      continue;
    }
    print(std::string(verdict) + std::string(9 - verdict.size(), ' ') + finding.about + ": " + finding.what + "\n");
    if (!finding.remedy.empty()) print("         → " + finding.remedy + "\n");
  }
  if (invocation.has("--json")) print(json::serialize(report) + "\n");
  return healthy ? kExitGood : kExitFailed;
}

}  // namespace noom::ctl
