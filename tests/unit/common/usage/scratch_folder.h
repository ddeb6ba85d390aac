// A folder for one test, gone afterwards.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace noom {

class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = std::filesystem::temp_directory_path() / "noom-usage-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~ScratchFolder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

  // All segments one after the other.
  std::string lines() const {
    std::set<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(path_))
      if (entry.path().extension() == ".jsonl") files.insert(entry.path());
    std::ostringstream text;
    for (const auto& file : files)
      if (std::filesystem::file_size(file) > 0) text << std::ifstream(file).rdbuf();
    return text.str();
  }

 private:
  std::string path_;
};

}  // namespace noom
