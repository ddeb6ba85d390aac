#include "common/ops/descriptor_store.h"

#include <systemd/sd-daemon.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace noom::ops {
namespace {

constexpr std::string_view kName = "noom-state";
constexpr uint64_t kBarrierUs = 2'000'000;  // the manager may be busy; a restart waits for it anyway

}  // namespace

bool has_descriptor_store() {
  const char* const room = std::getenv("FDSTORE");
  return std::getenv("NOTIFY_SOCKET") != nullptr && room != nullptr && std::atoi(room) > 0;
}

absl::Status leave_behind(Bytes bytes, std::span<const int> fds) {
  const auto parcel = io::pack_fds(bytes, fds);
  if (!parcel.ok()) return parcel.status();
  const int fd = parcel->get();
  // FDPOLL=0: its other end is closed, which the manager would take for a reason to drop it.
  const std::string order = "FDSTORE=1\nFDPOLL=0\nFDNAME=" + std::string(kName);
  const int sent = ::sd_pid_notify_with_fds(0, 0, order.c_str(), &fd, 1);
  if (sent <= 0) return absl::UnavailableError(std::string("telling the service manager: ") + std::strerror(-sent));
  ::sd_notify_barrier(0, kBarrierUs);
  return absl::OkStatus();
}

std::vector<io::Fd> take_left_behind(std::vector<int>& fds, std::span<const std::string> names) {
  std::vector<io::Fd> left;
  std::vector<int> others;
  for (size_t i = 0; i < fds.size(); ++i) {
    if (i < names.size() && names[i] == kName)
      left.emplace_back(fds[i]);
    else
      others.push_back(fds[i]);
  }
  fds = std::move(others);
  if (!left.empty()) ::sd_notify(0, ("FDSTOREREMOVE=1\nFDNAME=" + std::string(kName)).c_str());
  return left;
}

}  // namespace noom::ops
