#include "common/ops/text_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

namespace noom::ops {
namespace {

using testing::ElementsAre;

class TextFileTest : public testing::Test {
 protected:
  TextFileTest() {
    std::string name = testing::TempDir() + "text_file_XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~TextFileTest() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

TEST_F(TextFileTest, WhatIsWrittenIsReadAndNothingIsLeftBeside) {
  const std::string path = folder_ + "/file";
  ASSERT_TRUE(write_text_file_atomically(path, "old").ok());
  ASSERT_TRUE(write_text_file_atomically(path, "new").ok());
  const auto file = read_text_file(path);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->text, "new");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(TextFileTest, FailuresAreTheSystemsWords) {
  EXPECT_EQ(read_text_file(folder_ + "/missing").status().message(), "No such file or directory");
  EXPECT_EQ(read_text_file(folder_).status().message(), "Is a directory");
  EXPECT_EQ(write_text_file_atomically(folder_ + "/missing/file", "").message(), "No such file or directory");
  EXPECT_EQ(read_text_file("/dev/zero").status().message(), "File too large");
}

TEST_F(TextFileTest, AFileThatOthersMayReadIsNoted) {
  const std::string path = folder_ + "/secret";
  ASSERT_TRUE(write_text_file_atomically(path, "s").ok());
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  EXPECT_FALSE(read_text_file(path)->others_may_read);
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  EXPECT_TRUE(read_text_file(path)->others_may_read);
}

TEST_F(TextFileTest, ASecretFileHoldsOneLineBesideComments) {
  const std::string path = folder_ + "/secret";
  ASSERT_TRUE(write_text_file_atomically(path, "# shared with noom-signal\n\n  s#cret \r\n").ok());
  EXPECT_EQ(read_secret_file(path)->secret.reveal(), "s#cret");
  ASSERT_TRUE(write_text_file_atomically(path, " \n# none\n").ok());
  EXPECT_EQ(read_secret_file(path).status().message(), "holds no secret");
  ASSERT_TRUE(write_text_file_atomically(path, "one\ntwo\n").ok());
  EXPECT_EQ(read_secret_file(path).status().message(), "holds more than one line");
  EXPECT_EQ(read_secret_file(folder_).status().message(), "Is a directory");
}

TEST(MeaningfulLinesTest, BlanksCommentsAndLineEndsGo) {
  EXPECT_THAT(meaningful_lines("# users\n\n  ann:pass word  \r\nbob:#x\n\t# no\nlast"),
              ElementsAre("ann:pass word", "bob:#x", "last"));
  EXPECT_THAT(meaningful_lines(""), ElementsAre());
  EXPECT_THAT(meaningful_lines(" \n\t"), ElementsAre());
}

}  // namespace
}  // namespace noom::ops
