// How the receiver of a POST knows that it comes from a daemon of the suite: Noom-Signature.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/secret.h"

namespace noom {

// `Noom-Signature`'s value: "t=…,v1=…", HMAC-SHA256 of "t.body" in hexadecimal.
std::string post_signature(const Secret& secret, int64_t unix_time_s, std::string_view body);

}  // namespace noom
