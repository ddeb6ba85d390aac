// noom-ctl credentials: time-limited credentials out of the shared secret.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "common/auth/credentials.h"
#include "common/io/clocks.h"
#include "common/ops/text_file.h"
#include "ctl/commands.h"

namespace noom::ctl {
namespace {

namespace json = boost::json;

constexpr int64_t kLifetimeMax_s = 2'592'000;  // 30 days
constexpr size_t kNameBytesMax = 128;

std::vector<std::string> urls_of(const Invocation& invocation) {
  std::vector<std::string> urls = invocation.values("--url");
  if (const auto host = invocation.value("--host"); host && urls.empty()) {
    const std::string name = host->find(':') == std::string::npos || host->starts_with('[') ? *host : "[" + *host + "]";
    urls = {"turn:" + name + "?transport=udp", "turn:" + name + "?transport=tcp", "turns:" + name + "?transport=tcp"};
  }
  return urls;
}

}  // namespace

int run_credentials(const Invocation& invocation) {
  const auto lifetime = invocation.number("--lifetime", 3600, 1, kLifetimeMax_s);
  if (!lifetime) return kExitUsage;
  const std::string user = invocation.value("--user").value_or("noom-ctl");
  if (user.size() > kNameBytesMax)
    return complain(kExitUsage, "--user is longer than 128 bytes; choose a shorter name");
  const std::string path = invocation.value("--secret-file").value_or("/etc/noom/turn-secret");
  const auto file = ops::read_secret_file(path);
  if (!file.ok()) {
    return complain(kExitConfig, path + ": " + std::string(file.status().message()) +
                                     "; name the file of noom-turn's auth.rest_secret_files with --secret-file, and "
                                     "run as who may read it (sudo)");
  }
  if (file->others_may_read) complain(kExitGood, "warning: " + path + " can be read by others; chmod 600 " + path);
  const std::vector<std::string> urls = urls_of(invocation);
  for (const std::string& url : urls) {
    if (!url.starts_with("turn:") && !url.starts_with("turns:"))
      return complain(kExitUsage, "\"" + url + "\" is no TURN URI; write it like turn:turn.example.org?transport=udp");
  }
  const Wall expires = io::read_clocks().wall + std::chrono::seconds(*lifetime);
  const auth::RestCredentials made = auth::mint_rest_credentials(
      file->secret, user, expires, invocation.has("--sha256") ? auth::RestHash::kSha256 : auth::RestHash::kSha1);
  if (invocation.has("--plain")) {
    print(made.username + "\n" + made.password + "\n");
    return kExitGood;
  }
  json::object server{{"username", made.username}, {"credential", made.password}};
  server["urls"] = json::array(urls.begin(), urls.end());
  print(json::serialize(json::object{{"iceServers", json::array{server}}, {"lifetime_s", *lifetime}}) + "\n");
  return kExitGood;
}

}  // namespace noom::ctl
