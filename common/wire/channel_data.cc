#include "common/wire/channel_data.h"

namespace noom::wire {

std::optional<ChannelDataView> parse_channel_data(Bytes bytes) {
  Reader reader(bytes);
  const uint16_t channel = reader.u16();
  const Bytes payload = reader.take(reader.u16());
  if (!reader.ok() || channel < kChannelMin || channel > kChannelMax) return std::nullopt;
  return ChannelDataView{channel, payload};
}

void write_channel_header(std::span<std::byte, kChannelHeaderSize> to, uint16_t channel, uint16_t payload_size) {
  store_be(to.data(), channel);
  store_be(to.data() + sizeof(channel), payload_size);
}

}  // namespace noom::wire
