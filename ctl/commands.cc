#include "ctl/commands.h"

#include "ctl/admin_client.h"

namespace noom::ctl {
namespace {

constexpr Option kJson = {"--json", "", "print JSON"};

Command check_row() {
  return {.name = "check",
          .usage = "[stun|turn|signal]…",
          .summary = "check configurations and the files they name, without touching what runs",
          .arguments_max = 3,
          .words = {"stun", "turn", "signal"},
          .options = {{"--config", "FILE", "of the one daemon that is named, in place of /etc/noom/noom-….toml"},
                      {"--set", "KEY=VALUE", "override a key, as the daemon's own --set does; may be repeated"},
                      kJson},
          .details =
              "Without names: every daemon that is installed. Certificates that have expired or do not fit their key, "
              "files "
              "that others may read,\nkeys that do not exist: each is a line that says what to do.",
          .run = run_check};
}

Command credentials_row() {
  return {.name = "credentials",
          .usage = "",
          .summary = "make TURN credentials that expire, as noom-signal hands them out",
          .options = {{"--secret-file", "FILE", "the secret that noom-turn knows (/etc/noom/turn-secret)"},
                      {"--user", "NAME", "ends up in noom-turn's sessions and logs (noom-ctl)"},
                      {"--lifetime", "SECONDS", "1 to 2592000 (3600)"},
                      {"--host", "NAME", "of the relay: its usual URLs, udp, tcp and tls"},
                      {"--url", "URL", "turn:… or turns:…, in place of --host; may be repeated"},
                      {"--sha256", "", "by HMAC-SHA256, which other servers may not know"},
                      {"--plain", "",
                       "two lines, the username and the password; without it JSON for an RTCPeerConnection"}},
          .details = "Who may read the secret may relay: give away what this prints, never the secret.",
          .run = run_credentials};
}

// What is asked of daemons by name, or of all that are here.
Command daemons_row(std::string_view name, std::string_view summary, std::string_view details,
                    int (*run)(const Invocation&)) {
  return {.name = name,
          .usage = "[stun|turn|signal]…",
          .summary = summary,
          .arguments_max = 3,
          .words = {"stun", "turn", "signal"},
          .options = {kSocketOption, kUrlOption, kTokenOption},
          .details = details,
          .run = run};
}

Command doctor_row() {
  return {.name = "doctor",
          .usage = "[stun|turn|signal]…",
          .summary = "find out what is wrong here, and say what to do about each of it",
          .arguments_max = 3,
          .words = {"stun", "turn", "signal"},
          .options = {{"--config", "FILE", "of the one daemon that is named"},
                      {"--secret-file", "FILE", "the secret that noom-signal uses (/etc/noom/turn-secret)"},
                      kSocketOption,
                      kUrlOption,
                      kTokenOption,
                      kJson},
          .details =
              "Checks configurations, asks the daemons that run, and relays a packet through noom-turn by each of "
              "its listeners for UDP, TCP and TLS,\nwith credentials made of the secret. 1 is the exit code where "
              "something is wrong.",
          .run = run_doctor};
}

Command status_row() {
  Command row = daemons_row(
      "status", "say how running daemons are, and where they listen",
      "Without names: all three. 1 is the exit code where one is not ready, 69 where one does not answer.", run_status);
  row.options.push_back(kJson);
  return row;
}

Command reload_row() {
  return daemons_row("reload", "let daemons read their configuration and certificates again, all of it or nothing",
                     "As systemctl reload does, but with the reason where it is refused; nothing has changed then.",
                     run_reload);
}

Command drain_row() {
  Command row =
      daemons_row("drain", "let a daemon take nothing new, and end when what it has is done",
                  "New clients are sent elsewhere or refused, and /readyz says 503, so that nobody is sent here. Waits "
                  "for the end, and says how much\nis in progress. A second drain sets another deadline; "
                  "systemctl start takes it into service again.",
                  run_drain);
  row.options.push_back({"--deadline", "SECONDS", "when it ends at the latest, 0 to 604800 (never)"});
  row.options.push_back({"--no-wait", "", "come back at once"});
  row.usage = "stun|turn|signal…";
  row.arguments_min = 1;
  return row;
}

Command kill_row() {
  return {.name = "kill",
          .usage = "room NAME",
          .summary = "end a room for everybody in it, and what is relayed for them",
          .arguments_min = 2,
          .arguments_max = 2,
          .words = {"room"},
          .options = {{"--message", "TEXT", "what they are told"}, kSocketOption, kUrlOption, kTokenOption},
          .run = run_kill};
}

}  // namespace

std::vector<Command> all_commands() {
  return {check_row(), credentials_row(), doctor_row(), drain_row(), kill_row(), reload_row(), status_row()};
}

}  // namespace noom::ctl
