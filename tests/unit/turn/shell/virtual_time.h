// Time that only tests move, for OpenSSL too: its DTLS timers read gettimeofday(), which a program with virtual_time.cc
// in it defines itself.
#pragma once

#include "common/base/time.h"

namespace noom::turn {

Now virtual_now();
void advance_virtual_time(Duration by);

}  // namespace noom::turn
