// The pages and scripts under web.root, read once into memory: a request is a look-up among the names that were found,
// and never becomes a path.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/status/statusor.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace noom::signal {

struct WebFile {
  std::string content_type;
  std::string etag;  // strong, with its quotes
  std::shared_ptr<const std::string> body;
};

constexpr size_t kWebFileBytesMax = 8 * 1024 * 1024;
constexpr size_t kWebRootBytesMax = 64 * 1024 * 1024;

// Immutable once loaded.
class WebFiles {
 public:
  WebFiles() = default;
  // Every regular file below `root`. Names that begin with a dot, node_modules and symbolic links are left out. The
  // error names the path and the reason.
  static absl::StatusOr<WebFiles> load(const std::string& root);

  // One file's bytes; for what is not below the root.
  static absl::StatusOr<std::string> read(const std::string& path);
  static bool is_folder(const std::string& path);

  // `path` begins with "/", as in "/index.html". nullptr when there is none.
  const WebFile* find(std::string_view path) const;
  void add(std::string path, std::string content_type, std::string body);
  // The files whose path begins with `prefix`; they are here no longer.
  WebFiles take_out(std::string_view prefix);
  template <typename F>
  void for_each(F&& visit) const {
    for (const auto& [path, file] : files_) visit(path, file);
  }
  size_t size() const { return files_.size(); }

 private:
  absl::flat_hash_map<std::string, WebFile> files_;
};

// By the name's extension; "application/octet-stream" for what is not known.
std::string_view content_type_of(std::string_view path);

}  // namespace noom::signal
