// Reading the small files that configuration names: the configuration itself, user lists, secrets.
#pragma once

#include <absl/status/statusor.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/secret.h"

namespace noom::ops {

constexpr size_t kTextFileBytesMax = 4 << 20;  // a larger one is a wrong path

struct TextFile {
  std::string text;
  bool others_may_read = false;  // by its mode: group or world. A regular file only.
};

// An error's message is the operating system's words: "No such file or directory", "Is a directory", "File too large".
absl::StatusOr<TextFile> read_text_file(const std::string& path);

struct SecretFile {
  Secret secret;
  bool others_may_read = false;
};
// The one meaningful line of the file (see below). As read_text_file; further errors: "holds no secret", "holds more
// than one line".
absl::StatusOr<SecretFile> read_secret_file(const std::string& path);

// Its lines without line ends and surrounding blanks; empty lines and those that begin with # left out. Borrowed from
// the text.
std::vector<std::string_view> meaningful_lines(std::string_view text);

// Writes a new file beside it and renames it over `path`: readers see the old text or the new, never a part.
absl::Status write_text_file_atomically(const std::string& path, std::string_view text);

}  // namespace noom::ops
