// What an operator may ask and order over the admin port: JSON under /v1 for whoever bears the token, and the files of
// a page that does so. A daemon gives routes; which one a request means, and whether it may, is decided here.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/secret.h"

namespace noom::ops {

struct AdminRequest {
  std::vector<std::string> parts;  // what stands at each {…} of the route's path, percent-decoded
  std::string query;               // as it was written, without "?"
  std::string body;

  // Percent-decoded; nullopt when there is none of that name, or it is malformed.
  std::optional<std::string> parameter(std::string_view name) const;
};

struct AdminReply {
  int status = 200;
  std::string json = {};  // empty: nothing, as for 204
};
// {"code": …, "message": …}
AdminReply admin_error(int status, std::string_view code, std::string_view message);

// Called once, from any thread, as long as the admin port lives; never called: the request stays without an answer
// until its deadline.
using AdminAnswer = std::function<void(AdminReply)>;

struct AdminRoute {
  std::string method;  // "GET", "POST", "DELETE"
  std::string path;    // "/v1/rooms/{name}"; each {…} is one whole segment
  std::function<void(AdminRequest, AdminAnswer)> run;
};
struct AdminFile {
  std::string content_type;
  std::string body;
};
struct AdminApi {
  Secret token;  // empty: nobody can bear it, and only those ask who are trusted without
  std::vector<AdminRoute> routes;
  std::map<std::string, AdminFile, std::less<>> files = {};  // by path; served without the token
};

// A request as HTTP brought it, borrowed.
struct AdminQuestion {
  std::string_view method;
  std::string_view target;
  std::string_view authorization;  // empty: none
  std::string_view body;
  bool trusted = false;  // how it came says who asks: no token is needed
};
struct AdminMatch {
  const AdminRoute* route = nullptr;
  AdminRequest request;
};
struct AdminRefusal {
  int status = 404;
  std::string_view code;
  std::string message;
  std::string allow = {};  // of 405: methods that there are
};
// nullopt: no route has this path.
std::optional<std::variant<AdminMatch, AdminRefusal>> find_route(const AdminApi& api, const AdminQuestion& question);

// RFC 3986 §2.1; nullopt for what is malformed or holds a NUL.
std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace noom::ops
