// The requests of those who moderate, out of their fields. Part of requests.cc.
#pragma once

#include <string>

#include "signal/core/request_fields.h"
#include "signal/core/requests.h"

namespace noom::signal {

// Of a type with is_moderation().
Request::Body parse_moderation(RequestType type, Fields& fields);
std::string parse_password(Fields& fields);

}  // namespace noom::signal
