// What a benchmark program is told on its command line: `program mode --name value …`.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "common/base/endpoint.h"

namespace noom::bench {

// Anything unexpected ends the program with a message: a benchmark that goes on would lie.
[[noreturn]] void fail(const std::string& what);

class Arguments {
 public:
  Arguments(int count, char** values);
  bool has(const std::string& name) const { return given_.contains("--" + name); }
  // Missing without `otherwise`: the program ends.
  std::string text(const std::string& name, const char* otherwise = nullptr) const;
  uint32_t number(const std::string& name, const char* otherwise = nullptr) const;
  IpEndpoint endpoint(const std::string& name) const;
  IpAddress address(const std::string& name) const;

 private:
  std::map<std::string, std::string> given_;
};

}  // namespace noom::bench
