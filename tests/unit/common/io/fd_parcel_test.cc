#include "common/io/fd_parcel.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <string_view>

namespace noom::io {
namespace {

using testing::HasSubstr;

std::vector<Fd> numbered(size_t count) {
  std::vector<Fd> events;
  for (size_t i = 0; i < count; ++i) events.emplace_back(::eventfd(static_cast<unsigned>(i) + 1, EFD_CLOEXEC));
  return events;
}
std::vector<int> numbers_of(const std::vector<Fd>& fds) {
  std::vector<int> numbers;
  for (const Fd& fd : fds) numbers.push_back(fd.get());
  return numbers;
}
uint64_t read_number(const Fd& event) {
  uint64_t value = 0;
  EXPECT_EQ(static_cast<ssize_t>(sizeof(value)), ::read(event.get(), &value, sizeof(value)));
  return value;
}

TEST(FdParcel, GivesBytesAndDescriptorsBackInTheirOrder) {
  for (const size_t count : {0u, 1u, 250u, 251u, 700u}) {
    std::vector<Fd> events = numbered(count);
    auto parcel = pack_fds(as_bytes("state"), numbers_of(events));
    ASSERT_TRUE(parcel.ok()) << parcel.status();
    events.clear();  // the parcel holds them
    const auto unpacked = unpack_fds(*std::move(parcel));
    ASSERT_TRUE(unpacked.ok()) << unpacked.status();
    EXPECT_EQ("state", as_text(unpacked->bytes));
    ASSERT_EQ(count, unpacked->fds.size());
    for (size_t i = 0; i < count; ++i) {
      EXPECT_EQ(i + 1, read_number(unpacked->fds[i]));
      EXPECT_EQ(FD_CLOEXEC, ::fcntl(unpacked->fds[i].get(), F_GETFD));
    }
  }
}

TEST(FdParcel, CarriesMoreBytesThanASocketHolds) {
  const std::vector<std::byte> bytes(8 * 1024 * 1024, std::byte{7});
  auto parcel = pack_fds(bytes, {});
  ASSERT_TRUE(parcel.ok());
  EXPECT_EQ(bytes, unpack_fds(*std::move(parcel))->bytes);
}

TEST(FdParcel, IsUnpackedOnce) {
  const std::vector<Fd> events = numbered(3);
  auto parcel = pack_fds(as_bytes("state"), numbers_of(events));
  ASSERT_TRUE(parcel.ok());
  Fd kept_by_the_manager(::fcntl(parcel->get(), F_DUPFD_CLOEXEC, 0));
  EXPECT_TRUE(unpack_fds(*std::move(parcel)).ok());
  EXPECT_THAT(unpack_fds(std::move(kept_by_the_manager)).status().message(), HasSubstr("nothing is left"));
}

TEST(FdParcel, WhatIsNoneIsRefused) {
  EXPECT_EQ(absl::StatusCode::kInvalidArgument, unpack_fds(Fd(::eventfd(1, EFD_CLOEXEC))).status().code());
  EXPECT_EQ(absl::StatusCode::kInvalidArgument, unpack_fds(Fd()).status().code());
}

}  // namespace
}  // namespace noom::io
