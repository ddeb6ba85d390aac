// Usage records of allocations as JSON: what a UsageRecord becomes in the spool.
#pragma once

#include <string>
#include <string_view>

#include "turn/shell/usage_feed.h"

namespace noom::turn {

std::string_view usage_type(UsageRecord::Kind kind);  // "allocation.start", "allocation.interim", "allocation.stop"

// The members of the record beside those that all have, for UsageRecorder::record.
std::string usage_members(const UsageRecord& record);

}  // namespace noom::turn
