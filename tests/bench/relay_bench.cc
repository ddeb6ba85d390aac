// Drives a running TURN server over UDP and prints what it delivered and what that cost the server's process, as
// key=value lines. Knows nothing of which server it is; tests/bench/run starts them, alternates them and prints the
// table.
//
//   relay_bench relay --server 10.9.0.1:3478 --pid 123 --clients-from 10.9.1.1 --peer 10.9.0.2 --clients 64 --bytes 160
//   --seconds 3 relay_bench idle  --server 10.9.0.1:3478 --pid 123 --clients-from 10.9.1.1 --clients 10000
#include <unistd.h>

#include <cstdio>
#include <string>

#include "tests/bench/arguments.h"
#include "tests/bench/process_cost.h"
#include "tests/bench/traffic.h"
#include "tests/bench/turn_clients.h"

namespace noom::bench {
namespace {

void relay(const Arguments& arguments) {
  TurnClients clients(arguments.endpoint("server"),
                      {arguments.address("clients-from"), arguments.number("clients", "64")},
                      {arguments.text("user", "bench"), arguments.text("password", "bench")});
  clients.allocate_all();
  const int peer_socket = open_udp(to_sockaddr({arguments.address("peer"), 0}));
  sockaddr_in bound{};
  socklen_t size = sizeof(bound);
  getsockname(peer_socket, reinterpret_cast<sockaddr*>(&bound), &size);
  clients.bind_all({arguments.address("peer"), ntohs(bound.sin_port)});

  TrafficPlan plan{.payload_bytes = arguments.number("bytes", "160"),
                   .train = arguments.number("train", "1"),
                   .per_second = arguments.number("rate", "0"),
                   .time = std::chrono::milliseconds(200)};
  drive(clients, peer_socket, plan);  // warm
  plan.time = std::chrono::seconds(arguments.number("seconds", "3"));
  const auto pid = static_cast<pid_t>(arguments.number("pid"));
  const ProcessCost before = cost_of(pid);
  const Delivered delivered = drive(clients, peer_socket, plan);
  const ProcessCost after = cost_of(pid);
  close(peer_socket);

  const uint64_t all = delivered.up.delivered + delivered.down.delivered;
  if (all == 0) fail("nothing was delivered");
  const auto rate = [&](uint64_t count) { return static_cast<double>(count) / delivered.seconds; };
  std::printf("delivered_per_second=%.0f\n", rate(all));
  std::printf("up_per_second=%.0f\n", rate(delivered.up.delivered));
  std::printf("down_per_second=%.0f\n", rate(delivered.down.delivered));
  std::printf("offered_per_second=%.0f\n", rate(delivered.up.sent + delivered.down.sent));
  std::printf("cpu_ns_per_datagram=%.0f\n",
              static_cast<double>(after.cpu_ns - before.cpu_ns) / static_cast<double>(all));
  std::printf("cpu_share=%.3f\n", static_cast<double>(after.cpu_ns - before.cpu_ns) / 1e9 / delivered.seconds);
}

void idle(const Arguments& arguments) {
  const auto pid = static_cast<pid_t>(arguments.number("pid"));
  const ClientRange all{arguments.address("clients-from"), arguments.number("clients", "10000")};
  const Account account{arguments.text("user", "bench"), arguments.text("password", "bench")};
  const IpEndpoint server = arguments.endpoint("server");
  // One allocation from the end of the range first: what a server builds once is not a client's.
  const in_addr last = TurnClients(server, all, account).source_of(all.count);
  TurnClients first(server, {IpAddress::v4(std::as_bytes(std::span(&last, 1)).first<4>()), 1}, account);
  first.allocate_all();

  const ProcessCost before = cost_of(pid);
  TurnClients clients(server, all, account);
  clients.allocate_all();
  const ProcessCost after = cost_of(pid);
  const double count = all.count;
  std::printf("resident_bytes_per_allocation=%.0f\n",
              (static_cast<double>(after.resident_bytes) - static_cast<double>(before.resident_bytes)) / count);
  std::printf("cpu_ns_per_allocation=%.0f\n", static_cast<double>(after.cpu_ns - before.cpu_ns) / count);
}

}  // namespace
}  // namespace noom::bench

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  const noom::bench::Arguments arguments(argc, argv);
  if (mode == "relay") {
    noom::bench::relay(arguments);
  } else if (mode == "idle") {
    noom::bench::idle(arguments);
  } else {
    noom::bench::fail("usage: relay_bench relay|idle --server ADDRESS:PORT --pid PID --clients-from ADDRESS …");
  }
}
