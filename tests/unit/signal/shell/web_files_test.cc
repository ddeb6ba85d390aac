#include "signal/shell/web_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "signal/shell/qr_code.h"

namespace noom::signal {
namespace {

namespace fs = std::filesystem;

class WebFilesTest : public testing::Test {
 protected:
  WebFilesTest() {
    std::string pattern = testing::TempDir() + "noom-web-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  ~WebFilesTest() override { fs::remove_all(root_); }
  void write(const std::string& name, const std::string& content) {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << content;
  }
  fs::path root_;
};

TEST_F(WebFilesTest, LoadsRegularFilesAndLeavesOutTheRest) {
  write("index.html", "page");
  write("client/deep/a.js", "");
  write(".hidden", "x");
  write(".git/config", "x");
  write("node_modules/a.js", "x");
  fs::create_symlink("/etc/passwd", root_ / "link");
  fs::create_directory_symlink("/etc", root_ / "etc");
  const auto files = WebFiles::load(root_.string());
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_EQ(files->size(), 2u);
  EXPECT_EQ(*files->find("/index.html")->body, "page");
  EXPECT_EQ(*files->find("/client/deep/a.js")->body, "");
  EXPECT_EQ(files->find("index.html"), nullptr);
}

TEST_F(WebFilesTest, ATrailingSlashOfTheRootChangesNothing) {
  write("index.html", "page");
  const auto files = WebFiles::load(root_.string() + "/");
  ASSERT_TRUE(files.ok());
  EXPECT_NE(files->find("/index.html"), nullptr);
}

TEST_F(WebFilesTest, AFileTooBigOrAFolderThatIsMissingIsAnErrorThatNamesIt) {
  write("big.bin", "");
  fs::resize_file(root_ / "big.bin", kWebFileBytesMax + 1);
  const auto big = WebFiles::load(root_.string());
  ASSERT_FALSE(big.ok());
  EXPECT_NE(big.status().ToString().find("big.bin"), std::string::npos);
  const auto missing = WebFiles::load((root_ / "nowhere").string());
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.status().ToString().find("nowhere"), std::string::npos);
}

TEST(WebFiles, EtagsFollowTheContent) {
  WebFiles files;
  files.add("/a", "text/plain", "one");
  files.add("/b", "text/plain", "one");
  files.add("/c", "text/plain", "two");
  EXPECT_EQ(files.find("/a")->etag, files.find("/b")->etag);
  EXPECT_NE(files.find("/a")->etag, files.find("/c")->etag);
}

TEST(QrCode, IsASquareOfHalfBlocksWithAQuietZone) {
  const std::string drawing = qr_half_blocks("https://192.168.1.5:8443/");
  const std::string first_line = drawing.substr(0, drawing.find('\n'));
  EXPECT_EQ(first_line.size() % 3, 0u);
  for (size_t i = 0; i < first_line.size(); i += 3) EXPECT_EQ(first_line.substr(i, 3), "█");
  EXPECT_EQ(qr_half_blocks(""), "");
  EXPECT_EQ(qr_half_blocks(std::string(8000, 'x')), "");
}

}  // namespace
}  // namespace noom::signal
