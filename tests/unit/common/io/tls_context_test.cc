#include "common/io/tls_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "common/io/clocks.h"
#include "tests/unit/common/io/certificate.h"

namespace noom::io {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string message(const absl::StatusOr<std::shared_ptr<const TlsContext>>& result) {
  return std::string(result.status().message());
}

TEST(TlsContext, LoadsACertificateAndItsKey) {
  const TestCertificate certificate;
  const auto context = TlsContext::load(certificate.options(), read_clocks().wall);
  ASSERT_TRUE(context.ok()) << context.status();
  EXPECT_THAT((*context)->warnings(), IsEmpty());
  EXPECT_GT((*context)->not_after(), read_clocks().wall);
}

TEST(TlsContext, AMissingFileIsNamed) {
  const TestCertificate certificate;
  TlsOptions options = certificate.options();
  options.certificate_file = "/nonexistent/server.pem";
  const auto context = TlsContext::load(options, {});
  EXPECT_THAT(message(context), HasSubstr("certificate /nonexistent/server.pem: No such file or directory; "));
}

TEST(TlsContext, AKeyOfAnotherCertificateIsSaidToMismatch) {
  const TestCertificate mine;
  const TestCertificate other;
  TlsOptions options = mine.options();
  options.key_file = other.options().key_file;
  const auto context = TlsContext::load(options, {});
  EXPECT_THAT(message(context), HasSubstr("does not belong to certificate"));
}

TEST(TlsContext, AFileThatIsNoPemIsNamedWithTheRemedy) {
  const TestCertificate certificate;
  TlsOptions options = certificate.options();
  std::ofstream(options.certificate_file) << "garbage";
  const auto context = TlsContext::load(options, {});
  EXPECT_EQ(context.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(message(context), HasSubstr(options.certificate_file));
  EXPECT_THAT(message(context), HasSubstr("PEM"));
}

TEST(TlsContext, AnExpiredCertificateLoadsWithAWarning) {
  const TestCertificate certificate;
  const auto context = TlsContext::load(certificate.options(), read_clocks().wall + std::chrono::hours(24 * 365 * 20));
  ASSERT_TRUE(context.ok());
  ASSERT_THAT((*context)->warnings(), SizeIs(1));
  EXPECT_THAT((*context)->warnings()[0], HasSubstr("expired on"));
}

TEST(TlsContext, ACertificateFromTheFutureLoadsWithAWarning) {
  const TestCertificate certificate;
  const auto context = TlsContext::load(certificate.options(), {});
  ASSERT_TRUE(context.ok());
  ASSERT_THAT((*context)->warnings(), SizeIs(1));
  EXPECT_THAT((*context)->warnings()[0], HasSubstr("clock"));
}

TEST(TlsContextSlot, NewConnectionsGetTheNewestContext) {
  const TestCertificate certificate;
  TlsContextSlot slot;
  EXPECT_EQ(slot.get(), nullptr);
  const auto context = TlsContext::load(certificate.options(), read_clocks().wall);
  slot.set(*context);
  EXPECT_EQ(slot.get(), *context);
}

}  // namespace
}  // namespace noom::io
