// The name of one client connection inside the shell.
#pragma once

#include "common/base/handle.h"

namespace noom::signal {

struct ConnectionTag;
using ConnectionId = Handle<ConnectionTag>;

}  // namespace noom::signal
