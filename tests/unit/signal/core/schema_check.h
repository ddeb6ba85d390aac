// noom.v1's JSON Schemas (docs/protocol/schemas), to hold messages against.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace noom::signal {

enum class Side { kClient, kServer };  // who sends

// "" when `text` is a message of that side as its schema says (and, from the server, has no field that is not in it);
// otherwise what is wrong.
std::string schema_fault(Side side, std::string_view text);

// The examples in the schemas, as JSON text.
std::vector<std::string> schema_examples(Side side);
// The types of messages that have one, in order.
std::vector<std::string> schema_types(Side side);
// The values a field may have.
std::vector<std::string> schema_enum(Side side, std::string_view type, std::string_view field);

}  // namespace noom::signal
