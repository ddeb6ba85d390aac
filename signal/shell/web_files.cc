// Reading web.root, and what its names say of the content.
#include "signal/shell/web_files.h"

#include <openssl/sha.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <span>
#include <sstream>
#include <utility>

#include "common/base/hex.h"

namespace noom::signal {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::pair<std::string_view, std::string_view>, 18> kContentTypes = {{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".webp", "image/webp"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".wasm", "application/wasm"},
    {".mp3", "audio/mpeg"},
    {".ogg", "audio/ogg"},
    {".wav", "audio/wav"},
    {".txt", "text/plain; charset=utf-8"},
}};

std::string etag_of(std::string_view body) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(body.data()), body.size(), digest.data());
  return "\"" + to_hex(std::as_bytes(std::span(digest)).first(16)) + "\"";
}

bool is_left_out(const fs::directory_entry& entry) {
  const std::string name = entry.path().filename().string();
  return name.starts_with('.') || name == "node_modules" || entry.is_symlink();
}

}  // namespace

absl::StatusOr<WebFiles> WebFiles::load(const std::string& root) {
  std::error_code error;
  fs::recursive_directory_iterator at(root, error);
  if (error) return absl::NotFoundError(root + ": " + error.message());
  WebFiles files;
  size_t bytes_total = 0;
  for (const fs::recursive_directory_iterator end; at != end; at.increment(error)) {
    if (error) return absl::NotFoundError(root + ": " + error.message());
    if (is_left_out(*at)) {
      at.disable_recursion_pending();
      continue;
    }
    if (!at->is_regular_file()) continue;
    const uintmax_t bytes = at->file_size(error);
    bytes_total += bytes;
    if (error || bytes > kWebFileBytesMax || bytes_total > kWebRootBytesMax) {
      return absl::ResourceExhaustedError(at->path().string() +
                                          " is too big: at most 8 MiB a file and 64 MiB in all are served");
    }
    auto body = read(at->path().string());
    if (!body.ok()) return body.status();
    const std::string name = "/" + at->path().lexically_relative(root).generic_string();
    files.add(name, std::string(content_type_of(name)), *std::move(body));
  }
  return files;
}

absl::StatusOr<std::string> WebFiles::read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream content;
  if (!in || !(content << in.rdbuf() || in.peek() == std::ifstream::traits_type::eof())) {
    return absl::PermissionDeniedError(path + " cannot be read");
  }
  return std::move(content).str();
}

bool WebFiles::is_folder(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

WebFiles WebFiles::take_out(std::string_view prefix) {
  WebFiles taken;
  absl::erase_if(files_, [&](auto& entry) {
    if (!entry.first.starts_with(prefix)) return false;
    taken.files_.emplace(entry.first, std::move(entry.second));
    return true;
  });
  return taken;
}

const WebFile* WebFiles::find(std::string_view path) const {
  const auto found = files_.find(std::string(path));
  return found == files_.end() ? nullptr : &found->second;
}

void WebFiles::add(std::string path, std::string content_type, std::string body) {
  WebFile file{std::move(content_type), etag_of(body), nullptr};
  file.body = std::make_shared<const std::string>(std::move(body));
  files_.insert_or_assign(std::move(path), std::move(file));
}

std::string_view content_type_of(std::string_view path) {
  for (const auto& [extension, type] : kContentTypes) {
    if (path.ends_with(extension)) return type;
  }
  return "application/octet-stream";
}

}  // namespace noom::signal
