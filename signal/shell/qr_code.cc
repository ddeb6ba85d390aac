// Drawing what libqrencode computes.
#include "signal/shell/qr_code.h"

#include <qrencode.h>

#include <memory>

namespace noom::signal {

std::string qr_half_blocks(const std::string& text) {
  constexpr int kQuietZone = 2;  // modules; scanners of screens are content with two of the four prescribed
  if (text.empty()) return {};
  const std::unique_ptr<QRcode, decltype(&QRcode_free)> code(
      QRcode_encodeString(text.c_str(), 0, QR_ECLEVEL_M, QR_MODE_8, 1), &QRcode_free);
  if (!code) return {};
  const auto is_light = [&code](int x, int y) {
    if (x < 0 || y < 0 || x >= code->width || y >= code->width) return true;
    return (code->data[y * code->width + x] & 1) == 0;
  };
  std::string drawing;
  for (int y = -kQuietZone; y < code->width + kQuietZone; y += 2) {
    for (int x = -kQuietZone; x < code->width + kQuietZone; ++x) {
      const bool upper = is_light(x, y);
      const bool lower = is_light(x, y + 1);
      drawing += upper && lower ? "█" : upper ? "▀" : lower ? "▄" : " ";
    }
    drawing += '\n';
  }
  return drawing;
}

}  // namespace noom::signal
