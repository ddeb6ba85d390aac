// Development certificates on a real directory, with time handed in.
#include "signal/shell/dev_certificate.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "common/io/tls_context.h"
#include "signal/shell/certificate_maker.h"

namespace noom::signal {
namespace {

constexpr Duration kDay = std::chrono::hours(24);

class DevCertificateTest : public testing::Test {
 protected:
  DevCertificateTest() {
    std::string pattern = testing::TempDir() + "noom-dev-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  ~DevCertificateTest() override { std::filesystem::remove_all(directory_); }

  DevCertificate ensure(const DevNames& names, Wall now) {
    auto made = ensure_dev_certificate(directory_ + "/dev", names, now);
    EXPECT_TRUE(made.ok()) << made.status();
    return *made;
  }
  static std::string pem(const std::string& certificate, const std::string& key) {
    const auto issued = Issued::load(certificate, key);
    EXPECT_TRUE(issued.ok()) << issued.status();
    return issued->certificate_pem();
  }
  std::string ca_pem() { return pem(directory_ + "/dev/ca.pem", directory_ + "/dev/ca-key.pem"); }
  std::string leaf_pem() { return pem(directory_ + "/dev/cert.pem", directory_ + "/dev/key.pem"); }

  std::string directory_;
  const Wall now_ = Wall{} + std::chrono::seconds(1'800'000'000);
  const DevNames home_{{"localhost", "desk.local"},
                       {*IpAddress::parse("127.0.0.1"), *IpAddress::parse("192.168.1.5"), *IpAddress::parse("::1")}};
};

TEST_F(DevCertificateTest, IsMadeOnceAndKeptWhileItIsGood) {
  EXPECT_TRUE(ensure(home_, now_).renewed);
  const std::string first = leaf_pem();
  EXPECT_FALSE(ensure(home_, now_ + 300 * kDay).renewed);
  EXPECT_EQ(leaf_pem(), first);
}

TEST_F(DevCertificateTest, TheServersSideOfTlsCanLoadIt) {
  const DevCertificate made = ensure(home_, now_);
  const auto context = io::TlsContext::load({made.certificate_file, made.key_file, {}}, now_);
  ASSERT_TRUE(context.ok()) << context.status();
  EXPECT_LE((*context)->not_after(), now_ + 398 * kDay);
}

TEST_F(DevCertificateTest, ANewAddressRenewsTheCertificateUnderTheSameAuthority) {
  ensure(home_, now_);
  const std::string authority = ca_pem();
  DevNames cafe = home_;
  cafe.addresses.push_back(*IpAddress::parse("10.1.2.3"));
  EXPECT_TRUE(ensure(cafe, now_).renewed);
  EXPECT_EQ(ca_pem(), authority);
  EXPECT_FALSE(ensure(home_, now_).renewed);  // still good for the old names
}

TEST_F(DevCertificateTest, IsRenewedBeforeItEndsAndTheAuthorityToo) {
  ensure(home_, now_);
  const std::string authority = ca_pem();
  EXPECT_TRUE(ensure(home_, now_ + 370 * kDay).renewed);
  EXPECT_EQ(ca_pem(), authority);
  EXPECT_TRUE(ensure(home_, now_ + 3300 * kDay).renewed);
  EXPECT_NE(ca_pem(), authority);
}

TEST_F(DevCertificateTest, ANameTheAuthorityMayNotSignForMakesANewAuthority) {
  ensure(home_, now_);
  const std::string authority = ca_pem();
  DevNames server{{"localhost", "server.example"}, {*IpAddress::parse("198.51.100.7")}};
  EXPECT_TRUE(ensure(server, now_).renewed);
  EXPECT_NE(ca_pem(), authority);
}

TEST_F(DevCertificateTest, TheAuthorityCannotSpeakForTheInternet) {
  auto authority = issue_ca(home_, now_, now_ + 3650 * kDay);
  ASSERT_TRUE(authority.ok());
  auto own = issue_leaf(*authority, home_, now_, now_ + 30 * kDay);
  auto forged = issue_leaf(*authority, {{"bank.example"}, {}}, now_, now_ + 30 * kDay);
  ASSERT_TRUE(own.ok() && forged.ok());
  EXPECT_TRUE(own->verifies_under(*authority, now_));
  EXPECT_FALSE(forged->verifies_under(*authority, now_));
}

TEST_F(DevCertificateTest, DamagedFilesAreMadeAnew) {
  ensure(home_, now_);
  ASSERT_TRUE(write_private_file(directory_ + "/dev/key.pem", "damaged").ok());
  EXPECT_TRUE(ensure(home_, now_).renewed);
  ASSERT_TRUE(write_public_file(directory_ + "/dev/ca.pem", "damaged").ok());
  EXPECT_TRUE(ensure(home_, now_).renewed);
}

TEST_F(DevCertificateTest, KeysAreReadableByTheirOwnerOnly) {
  ensure(home_, now_);
  for (const char* name : {"/dev/key.pem", "/dev/ca-key.pem"}) {
    struct stat info {};
    ASSERT_EQ(::stat((directory_ + name).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u) << name;
  }
}

TEST_F(DevCertificateTest, ADirectoryThatCannotBeMadeIsAnErrorThatNamesIt) {
  const auto made = ensure_dev_certificate("/proc/noom-dev", home_, now_);
  ASSERT_FALSE(made.ok());
  EXPECT_NE(std::string(made.status().message()).find("/proc/noom-dev"), std::string::npos);
}

}  // namespace
}  // namespace noom::signal
