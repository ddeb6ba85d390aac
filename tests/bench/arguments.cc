#include "tests/bench/arguments.h"

#include <cstdio>
#include <cstdlib>

namespace noom::bench {

void fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

Arguments::Arguments(int count, char** values) {
  for (int i = 2; i + 1 < count; i += 2) given_[values[i]] = values[i + 1];
}

std::string Arguments::text(const std::string& name, const char* otherwise) const {
  const auto found = given_.find("--" + name);
  if (found != given_.end()) return found->second;
  if (otherwise == nullptr) fail("--" + name + " is missing");
  return otherwise;
}

uint32_t Arguments::number(const std::string& name, const char* otherwise) const {
  return static_cast<uint32_t>(std::stoul(text(name, otherwise)));
}

IpEndpoint Arguments::endpoint(const std::string& name) const {
  const auto parsed = IpEndpoint::parse(text(name));
  if (!parsed) fail("--" + name + " is no address and port");
  return *parsed;
}

IpAddress Arguments::address(const std::string& name) const {
  const auto parsed = IpAddress::parse(text(name));
  if (!parsed) fail("--" + name + " is no address");
  return *parsed;
}

}  // namespace noom::bench
