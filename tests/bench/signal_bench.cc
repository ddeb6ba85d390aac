// Drives a running signaling server over WebSockets and prints what it did and what that cost its process, as
// key=value lines. tests/bench/run starts the servers, alternates them and prints the table.
//
//   signal_bench messages|joins|resume|storm --dialect noom --server 127.0.0.1:8080 --pid 123 …
//
// With --server2 every other client is at that server: rooms are spread over two nodes, and who comes back comes to the
// other one.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "tests/bench/arguments.h"
#include "tests/bench/process_cost.h"
#include "tests/bench/room_clients.h"

namespace noom::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint32_t kMembers = 8;  // of a room

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Bench {
  explicit Bench(const Arguments& arguments)
      : dialect(Dialect::named(arguments.text("dialect"))),
        clients(servers_of(arguments), *dialect),
        pid(static_cast<pid_t>(arguments.number("pid"))) {}

  static std::vector<IpEndpoint> servers_of(const Arguments& arguments) {
    std::vector<IpEndpoint> servers{arguments.endpoint("server")};
    if (arguments.has("server2")) servers.push_back(arguments.endpoint("server2"));
    return servers;
  }
  // Rooms of `members`, whose clients stand one behind the other.
  void fill_rooms(uint32_t rooms, uint32_t members = kMembers) {
    clients.add(rooms * members);
    clients.join(0, rooms * members, [&](uint32_t index) { return "room-" + std::to_string(index / members); });
  }
  uint64_t messages() {
    uint64_t count = 0;
    for (uint32_t i = 0; i < clients.size(); ++i) count += clients.at(i).messages;
    return count;
  }

  const std::unique_ptr<const Dialect> dialect;
  RoomClients clients;
  const pid_t pid;
};

void print_times(const char* what, std::vector<double> times_ms) {
  if (times_ms.empty()) fail(std::string("nothing was measured: ") + what);
  std::sort(times_ms.begin(), times_ms.end());
  const auto at = [&](double share) {
    return times_ms[static_cast<size_t>(share * static_cast<double>(times_ms.size() - 1))];
  };
  std::printf("%s_p50_ms=%.2f\n%s_p99_ms=%.2f\n", what, at(0.5), what, at(0.99));
}

// Every member broadcasts and has so many on their way (--window), or all together so many a second (--rate).
void messages(const Arguments& arguments) {
  Bench bench(arguments);
  bench.fill_rooms(arguments.number("rooms", "64"));
  const uint32_t window = arguments.number("window", "4");
  const double rate = arguments.number("rate", "0");
  const std::string frame = masked_frame(bench.dialect->broadcast(std::string(arguments.number("bytes", "200"), 'x')));
  if (rate == 0) {
    bench.clients.on_heard([&](RoomClient& client, Heard heard, std::string_view) {
      if (heard == Heard::kConfirmed) bench.clients.send_bytes(client, frame);
    });
    for (uint32_t i = 0; i < bench.clients.size(); ++i) {
      for (uint32_t n = 0; n < window; ++n) bench.clients.send_bytes(bench.clients.at(i), frame);
    }
  }
  uint32_t next = 0;
  const auto run = [&](double seconds) {
    const Clock::time_point start = Clock::now();
    double sent = 0;
    for (double passed = 0; passed < seconds; passed = seconds_since(start)) {
      for (; rate > 0 && sent < passed * rate / (kMembers - 1); ++sent)
        bench.clients.send_bytes(bench.clients.at(next++ % bench.clients.size()), frame);
      bench.clients.poll(rate > 0 ? 0 : 10);
    }
    return seconds_since(start);
  };
  run(0.3);  // warm
  const uint64_t had = bench.messages();
  const ProcessCost before = cost_of(bench.pid);
  const ProcessCost own_before = cost_of(getpid());
  const double seconds = run(arguments.number("seconds", "3"));
  const ProcessCost after = cost_of(bench.pid);
  const ProcessCost own_after = cost_of(getpid());
  const auto count = static_cast<double>(bench.messages() - had);
  if (count == 0) fail("nothing was relayed");
  const double cpu_s = static_cast<double>(after.cpu_ns - before.cpu_ns) / 1e9;
  std::printf("relayed_per_second=%.0f\n", count / seconds);
  std::printf("relayed_per_cpu_second=%.0f\n", count / cpu_s);
  std::printf("cpu_ns_per_message=%.0f\n", cpu_s * 1e9 / count);
  std::printf("cpu_share=%.3f\n", cpu_s / seconds);
  std::printf("generator_share=%.3f\n", static_cast<double>(own_after.cpu_ns - own_before.cpu_ns) / 1e9 / seconds);
}

// Rooms of seven; an eighth comes and goes. The time is from its `join` until the last of the seven has heard of it.
void joins(const Arguments& arguments) {
  Bench bench(arguments);
  const uint32_t rooms = arguments.number("rooms", "64");
  const uint32_t residents = kMembers - 1;
  bench.fill_rooms(rooms, residents);
  const uint32_t first = bench.clients.size();
  bench.clients.add(rooms);

  struct Visit {
    Clock::time_point asked;
    uint32_t informed = 0;
    bool is_free = true;
  };
  std::vector<Visit> visits(rooms);
  std::vector<double> times_ms;
  const std::string leave = bench.dialect->leave();
  const auto leave_when_done = [&](uint32_t room) {
    RoomClient& visitor = bench.clients.at(first + room);
    if (visits[room].informed == residents && visitor.joined) bench.clients.say(visitor, leave);
  };
  bench.clients.on_heard([&](RoomClient& client, Heard heard, std::string_view) {
    const bool is_resident = client.index < first;
    const uint32_t room = is_resident ? client.index / residents : client.index - first;
    Visit& visit = visits[room];
    if (is_resident && heard == Heard::kPeerJoined && ++visit.informed == residents)
      times_ms.push_back(seconds_since(visit.asked) * 1e3);
    if (heard == Heard::kPeerJoined || heard == Heard::kJoined) leave_when_done(room);
    if (heard == Heard::kLeft && !is_resident) visit.is_free = true;
  });
  const double rate = arguments.number("rate", "500");
  const double seconds = arguments.number("seconds", "3");
  const ProcessCost before = cost_of(bench.pid);
  const Clock::time_point start = Clock::now();
  double begun = 0;
  uint32_t next = 0;
  for (double passed = 0; passed < seconds; passed = seconds_since(start)) {
    for (uint32_t tried = 0; begun < passed * rate && tried < rooms; ++tried, ++next) {
      const uint32_t room = next % rooms;
      if (!visits[room].is_free) continue;
      visits[room] = {Clock::now(), 0, false};
      bench.clients.say(bench.clients.at(first + room), bench.dialect->join("room-" + std::to_string(room)));
      ++begun;
    }
    bench.clients.poll(1);
  }
  bench.clients.poll_until(
      [&] { return std::all_of(visits.begin(), visits.end(), [](const Visit& visit) { return visit.is_free; }); },
      "end of the last visit");
  const ProcessCost after = cost_of(bench.pid);
  print_times("informed", std::move(times_ms));
  std::printf("cpu_us_per_visit=%.1f\n", static_cast<double>(after.cpu_ns - before.cpu_ns) / 1e3 / begun);
}

// Back where it was, or in the room again by another join: a server that knows no sessions can do no more.
bool is_back(RoomClient& client, uint64_t welcomes) {
  return client.welcomes > welcomes && (client.memory.recovered || client.joined);
}

// A client comes back after its connection was cut and its room has gone on. The time is from connecting until it is in
// the room and has what it missed (as far as the server can tell).
void resume(const Arguments& arguments) {
  Bench bench(arguments);
  const uint32_t rooms = arguments.number("rooms", "64");
  bench.fill_rooms(rooms);
  const std::string missed = masked_frame(bench.dialect->broadcast(std::string(200, 'x')));
  std::vector<double> times_ms;
  uint32_t recovered = 0;
  uint64_t lost = 0;
  bench.clients.on_heard([&](RoomClient& client, Heard heard, std::string_view) {
    if (heard == Heard::kWelcomed && !client.memory.recovered)
      bench.clients.say(client, bench.dialect->join("room-" + std::to_string(client.index / kMembers)));
  });
  const uint32_t count = arguments.number("count", "500");
  for (uint32_t n = 0; n < count; ++n) {
    const uint32_t index = n * 13 % bench.clients.size();
    RoomClient& client = bench.clients.at(index);
    RoomClient& other = bench.clients.at(index ^ 1);
    bench.clients.cut(index);
    client.joined = false;
    const uint64_t confirmed = other.confirmed, welcomes = client.welcomes, had = client.messages;
    bench.clients.send_bytes(other, missed);
    bench.clients.poll_until([&] { return other.confirmed > confirmed; }, "confirmation");
    bench.clients.move(index);
    const Clock::time_point start = Clock::now();
    bench.clients.connect(index);
    bench.clients.poll_until(
        [&] { return is_back(client, welcomes) && (!client.memory.recovered || client.messages > had); }, "return");
    times_ms.push_back(seconds_since(start) * 1e3);
    recovered += client.memory.recovered;
    lost += client.messages == had;
  }
  print_times("resume", std::move(times_ms));
  std::printf("recovered_share=%.4f\nlost=%.0f\n", static_cast<double>(recovered) / count, static_cast<double>(lost));
}

// All clients are cut, seven of each room before the eighth has said something; then all come back at once.
void storm(const Arguments& arguments) {
  Bench bench(arguments);
  const uint32_t rooms = arguments.number("clients", "10000") / kMembers;
  bench.fill_rooms(rooms);
  RoomClients& clients = bench.clients;
  clients.on_heard([&](RoomClient& client, Heard heard, std::string_view) {
    if (heard == Heard::kWelcomed && !client.memory.recovered)
      clients.say(client, bench.dialect->join("room-" + std::to_string(client.index / kMembers)));
  });
  const uint32_t count = clients.size();
  std::vector<uint64_t> welcomes(count), had(count);
  for (uint32_t i = 0; i < count; ++i) {
    if (i % kMembers != 0) clients.cut(i);
  }
  const std::string missed = masked_frame(bench.dialect->broadcast(std::string(200, 'x')));
  for (uint32_t i = 0; i < count; i += kMembers) clients.send_bytes(clients.at(i), missed);
  clients.poll_until(
      [&] {
        for (uint32_t i = 0; i < count; i += kMembers) {
          if (clients.at(i).confirmed == 0) return false;
        }
        return true;
      },
      "confirmation");
  for (uint32_t i = 0; i < count; ++i) {
    if (i % kMembers == 0) clients.cut(i);
    clients.at(i).joined = false;
    welcomes[i] = clients.at(i).welcomes;
    had[i] = clients.at(i).messages;
  }

  const ProcessCost before = cost_of(bench.pid);
  clients.come_back();
  const Clock::time_point start = Clock::now();
  for (uint32_t i = 0; i < count; ++i) clients.connect(i);
  uint32_t back = 0;  // all before it are
  const auto healed = [&] {
    while (back < count && is_back(clients.at(back), welcomes[back]) &&
           (!clients.at(back).memory.recovered || back % kMembers == 0 || clients.at(back).messages > had[back]))
      ++back;
    return back == count;
  };
  clients.poll_until(healed, "healing", 120);
  const double seconds = seconds_since(start);
  const ProcessCost after = cost_of(bench.pid);
  uint32_t recovered = 0;
  uint32_t lost = 0;
  for (uint32_t i = 0; i < count; ++i) {
    recovered += clients.at(i).memory.recovered;
    lost += i % kMembers != 0 && clients.at(i).messages != had[i] + 1;
  }
  std::printf("healed_seconds=%.2f\nrecovered_share=%.4f\nlost=%u\nretries=%.0f\n", seconds,
              static_cast<double>(recovered) / count, lost, static_cast<double>(clients.retries()));
  std::printf("cpu_us_per_client=%.1f\n", static_cast<double>(after.cpu_ns - before.cpu_ns) / 1e3 / count);
}

}  // namespace
}  // namespace noom::bench

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  const noom::bench::Arguments arguments(argc, argv);
  if (mode == "messages") {
    noom::bench::messages(arguments);
  } else if (mode == "joins") {
    noom::bench::joins(arguments);
  } else if (mode == "resume") {
    noom::bench::resume(arguments);
  } else if (mode == "storm") {
    noom::bench::storm(arguments);
  } else {
    noom::bench::fail(
        "usage: signal_bench messages|joins|resume|storm --dialect NAME --server ADDRESS:PORT --pid PID …");
  }
}
