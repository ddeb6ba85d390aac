// The operator's JSON API, docs/api/noom-signal.yaml: what each route asks of the hub, and how its answers read.
#pragma once

#include <vector>

#include "common/ops/admin_api.h"
#include "signal/shell/signal_shell.h"

namespace noom::signal {

// `shell` outlives the routes.
std::vector<ops::AdminRoute> admin_routes(SignalShell& shell);
// The page that uses them, out of web.root: admin.html (also as /admin) and what is below admin/, which `files` has no
// longer, and what it shares with the other pages.
std::map<std::string, ops::AdminFile, std::less<>> admin_files(WebFiles& files);

}  // namespace noom::signal
