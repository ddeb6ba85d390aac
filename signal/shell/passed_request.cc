#include "signal/shell/passed_request.h"

#include "signal/core/cluster/fields.h"

namespace noom::signal {
namespace {

constexpr char kVersion = 1;
constexpr char kRequest = 'q';
constexpr char kAnswer = 'a';

template <typename Archive>
void each_field(Archive& archive, PassedRequest& request) {
  archive(request.id, request.from, request.what, request.connection, request.number, request.body);
}
template <typename Archive>
void each_field(Archive& archive, PassedAnswer& answer) {
  archive(answer.id, answer.status, answer.body);
}

template <typename T>
std::string write(char kind, T value) {
  std::string bytes{kVersion, kind};
  FieldWriter writer(bytes);
  each_field(writer, value);
  return bytes;
}
template <typename T>
std::optional<T> read(std::string_view bytes) {
  T value;
  FieldReader reader(bytes);
  each_field(reader, value);
  return reader.done() ? std::optional(std::move(value)) : std::nullopt;
}

}  // namespace

std::string encode(const PassedRequest& request) {
  return write(kRequest, request);
}
std::string encode(const PassedAnswer& answer) {
  return write(kAnswer, answer);
}

std::optional<std::variant<PassedRequest, PassedAnswer>> decode_passed(std::string_view bytes) {
  if (bytes.size() < 2 || bytes[0] != kVersion) return std::nullopt;
  if (bytes[1] == kAnswer) {
    auto answer = read<PassedAnswer>(bytes.substr(2));
    if (!answer || answer->status < 200 || answer->status > 599) return std::nullopt;
    return answer;
  }
  if (bytes[1] != kRequest) return std::nullopt;
  auto request = read<PassedRequest>(bytes.substr(2));
  if (!request || request->what > PassedRequest::What::kPostTooBig) return std::nullopt;
  return request;
}

}  // namespace noom::signal
