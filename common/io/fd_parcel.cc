#include "common/io/fd_parcel.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "common/io/listen_socket.h"

namespace noom::io {
namespace {

constexpr size_t kFdsPerMessage = 250;         // the kernel takes 253
constexpr int kQueueBytes = 16 * 1024 * 1024;  // the kernel cuts it to net.core.wmem_max
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;

absl::Status failed(const char* what) {
  const int number = errno;
  const std::string message = absl::StrCat(what, ": ", std::strerror(number));
  const bool full = number == EAGAIN || number == ETOOMANYREFS || number == EMFILE || number == ENFILE;
  return full ? absl::ResourceExhaustedError(message) : absl::UnavailableError(message);
}

union Control {
  std::array<char, CMSG_SPACE(kFdsPerMessage * sizeof(int))> room;
  cmsghdr align;
};

bool send_message(int socket, uint64_t count, std::span<const int> fds) {
  std::array<std::byte, 8> digits;
  store_be<uint64_t>(digits.data(), count);
  iovec part{digits.data(), digits.size()};
  Control control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.room.data();
  message.msg_controllen = CMSG_SPACE(fds.size_bytes());
  cmsghdr* const head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(fds.size_bytes());
  std::memcpy(CMSG_DATA(head), fds.data(), fds.size_bytes());
  return ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

// The number in it; its descriptors are appended.
std::optional<uint64_t> receive_message(int socket, std::vector<Fd>& fds) {
  std::array<std::byte, 8> digits;
  iovec part{digits.data(), digits.size()};
  Control control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.room.data();
  message.msg_controllen = control.room.size();
  const ssize_t got = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0) return std::nullopt;
  for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr; head = CMSG_NXTHDR(&message, head)) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
    std::vector<int> numbers((head->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    std::memcpy(numbers.data(), CMSG_DATA(head), numbers.size() * sizeof(int));
    for (const int number : numbers) fds.emplace_back(number);
  }
  const bool whole = got == static_cast<ssize_t>(digits.size()) && (message.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) == 0;
  return whole ? std::optional(load_be<uint64_t>(digits.data())) : std::nullopt;
}

absl::StatusOr<Fd> sealed_file(Bytes bytes) {
  Fd file(::memfd_create("noom-state", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file) return failed("memfd_create");
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t wrote = ::write(file.get(), bytes.data() + done, bytes.size() - done);
    if (wrote < 0 && errno != EINTR) return failed("writing a memory file");
    done += static_cast<size_t>(std::max<ssize_t>(wrote, 0));
  }
  if (::fcntl(file.get(), F_ADD_SEALS, kSeals) != 0) return failed("sealing a memory file");
  return file;
}

std::optional<std::vector<std::byte>> read_sealed(int file) {
  struct stat about {};
  if (::fcntl(file, F_GET_SEALS) != kSeals || ::fstat(file, &about) != 0) return std::nullopt;
  std::vector<std::byte> bytes(static_cast<size_t>(about.st_size));
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t got = ::pread(file, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (got <= 0) return std::nullopt;
    done += static_cast<size_t>(got);
  }
  return bytes;
}

}  // namespace

absl::StatusOr<Fd> pack_fds(Bytes bytes, std::span<const int> fds) {
  auto file = sealed_file(bytes);
  if (!file.ok()) return file.status();
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return failed("socketpair");
  Fd reading(ends[0]);
  const Fd writing(ends[1]);
  set_option(writing.get(), SOL_SOCKET, SO_SNDBUF, kQueueBytes);
  const int number = file->get();
  if (!send_message(writing.get(), fds.size(), std::span(&number, 1))) return failed("keeping descriptors");
  for (size_t done = 0; done < fds.size(); done += kFdsPerMessage) {
    if (!send_message(writing.get(), done, fds.subspan(done, std::min(kFdsPerMessage, fds.size() - done))))
      return failed("keeping descriptors");
  }
  return reading;
}

absl::StatusOr<FdParcel> unpack_fds(Fd parcel) {
  const auto damaged = [](const char* what) { return absl::InvalidArgumentError(what); };
  std::vector<Fd> first;
  const auto count = receive_message(parcel.get(), first);
  if (!count || first.size() != 1) return damaged("nothing is left in it");
  FdParcel unpacked;
  auto bytes = read_sealed(first.front().get());
  if (!bytes) return damaged("its bytes cannot be read");
  unpacked.bytes = *std::move(bytes);
  while (unpacked.fds.size() < *count) {
    const size_t before = unpacked.fds.size();
    const auto place = receive_message(parcel.get(), unpacked.fds);
    if (!place || *place != before || unpacked.fds.size() == before) return damaged("descriptors are missing");
  }
  if (unpacked.fds.size() != *count) return damaged("it has too many descriptors");
  return unpacked;
}

}  // namespace noom::io
