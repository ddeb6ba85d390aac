// The bus over NATS. libnats is used inside nats_bus.cc and nats_connection.cc alone.
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/log.h"
#include "common/base/secret.h"
#include "common/base/time.h"
#include "common/bus/bus.h"

namespace noom::bus {

// How to prove who this is; all empty: not at all.
struct NatsLogin {
  std::string user = {};
  Secret password = {};
  Secret token = {};
  std::string credentials_file = {};  // JWT and seed, as nsc writes them
  std::string nkey = {};              // the public key, "U…"
  std::string nkey_seed_file = {};
};

struct NatsTls {
  std::string ca_file = {};      // empty: the system's
  std::string certificate = {};  // this client's own chain; empty: none
  std::string key = {};
  bool verify = true;  // the server's certificate and name
};

struct NatsOptions {
  // "nats://host:4222" or "tls://host:4222", at least one. They are tried in turn, for ever, beginning anywhere.
  std::vector<std::string> servers;
  // Asked before each attempt, on a thread of the bus: files may change meanwhile. Empty: no login.
  std::function<absl::StatusOr<NatsLogin>()> login;
  NatsTls tls;       // its files are read at each attempt
  std::string name;  // of this client, for who watches the server
  size_t queue_bytes_max = 16 << 20;
  size_t unhandled_bytes_max = 64 << 20;
  Duration connect_timeout = std::chrono::seconds(2);
  Duration retry_min =
      std::chrono::milliseconds(100);  // between attempts, doubling, each cut by chance to half at most
  Duration retry_max = std::chrono::seconds(2);
  Duration ping_interval = std::chrono::seconds(2);  // two without an answer: the connection is lost
};

// Returns at once; connects when there is a server, and again after each loss. `log` outlives it. Its end takes no
// longer than one attempt to connect.
std::unique_ptr<Bus> connect_nats(NatsOptions options, Post post, LogSink& log);

}  // namespace noom::bus
