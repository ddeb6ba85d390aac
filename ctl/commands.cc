#include "ctl/commands.h"

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

}  // namespace

std::vector<Command> all_commands() {
  return {check_row(), credentials_row()};
}

}  // namespace noom::ctl
