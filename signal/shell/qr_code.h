// QR codes for terminals.
#pragma once

#include <string>

namespace noom::signal {

// The text as a QR code in UTF-8 half blocks with a quiet zone, two modules a character high, lines ending in "\n".
// Light modules are drawn, as terminals are mostly dark. "" when the text is empty or too long (about 2 KB).
std::string qr_half_blocks(const std::string& text);

}  // namespace noom::signal
