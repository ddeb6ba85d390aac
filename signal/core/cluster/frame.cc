#include "signal/core/cluster/frame.h"

#include "common/base/bytes.h"

namespace noom::signal {
namespace {

constexpr uint8_t kVersion = 1;
constexpr uint8_t kBeatKind = 16;
constexpr size_t kHeadBytesMax = 2 + 1 + kNodeIdBytesMax + 6 * 8 + 1;

void write_name(Writer& writer, std::string_view name) {
  writer.u8(static_cast<uint8_t>(name.size()));
  writer.bytes(as_bytes(name));
}

std::string_view read_name(Reader& reader) {
  return as_text(reader.take(reader.u8()));
}

}  // namespace

std::string encode(const LinkFrame& frame) {
  std::byte head[kHeadBytesMax];
  Writer writer(head);
  writer.u8(static_cast<uint8_t>(frame.kind));
  writer.u8(kVersion);
  write_name(writer, frame.node);
  for (const uint64_t value :
       {frame.from.incarnation, frame.from.number, frame.to.incarnation, frame.to.number, frame.ack})
    writer.u64(value);
  if (frame.kind == LinkFrame::Kind::kData) {
    writer.u64(frame.seq);
    writer.u8(frame.more ? 1 : 0);
  }
  std::string bytes;
  bytes.reserve(writer.size() + frame.piece.size());
  bytes.append(as_text(writer.written())).append(frame.piece);
  return bytes;
}

std::string encode(const Beat& beat) {
  std::byte room[kHeadBytesMax];
  Writer writer(room);
  writer.u8(kBeatKind);
  writer.u8(kVersion);
  write_name(writer, beat.from.node);
  writer.u64(beat.from.incarnation);
  writer.u8(static_cast<uint8_t>(beat.state));
  for (const uint32_t value : {beat.load.sessions, beat.load.rooms, beat.load.members, beat.load.cpu_permille})
    writer.u32(value);
  return std::string(as_text(writer.written()));
}

bool is_beat(std::string_view bytes) {
  return !bytes.empty() && static_cast<uint8_t>(bytes[0]) == kBeatKind;
}

std::optional<LinkFrame> parse_link_frame(std::string_view bytes) {
  Reader reader(as_bytes(bytes));
  const uint8_t kind = reader.u8();
  const uint8_t version = reader.u8();
  LinkFrame frame;
  frame.kind = static_cast<LinkFrame::Kind>(kind);
  frame.node = read_name(reader);
  for (uint64_t* value :
       {&frame.from.incarnation, &frame.from.number, &frame.to.incarnation, &frame.to.number, &frame.ack})
    *value = reader.u64();
  if (frame.kind == LinkFrame::Kind::kData) {
    frame.seq = reader.u64();
    frame.more = reader.u8() != 0;
    frame.piece = as_text(reader.rest());
  }
  const bool known =
      kind >= static_cast<uint8_t>(LinkFrame::Kind::kHello) && kind <= static_cast<uint8_t>(LinkFrame::Kind::kData);
  const bool sane = frame.from > LinkSession{} && (frame.kind != LinkFrame::Kind::kData || frame.seq > 0);
  if (!reader.ok() || version != kVersion || !known || !sane || !is_node_id(frame.node)) return std::nullopt;
  return frame;
}

std::optional<Beat> parse_beat(std::string_view bytes) {
  Reader reader(as_bytes(bytes));
  const uint8_t kind = reader.u8();
  const uint8_t version = reader.u8();
  const std::string_view name = read_name(reader);
  Beat beat;
  beat.from.incarnation = reader.u64();
  const uint8_t state = reader.u8();
  for (uint32_t* value : {&beat.load.sessions, &beat.load.rooms, &beat.load.members, &beat.load.cpu_permille})
    *value = reader.u32();
  if (!reader.ok() || kind != kBeatKind || version != kVersion || !is_node_id(name) || beat.from.incarnation == 0)
    return std::nullopt;
  if (state < static_cast<uint8_t>(NodeState::kJoining) || state > static_cast<uint8_t>(NodeState::kLeaving))
    return std::nullopt;
  beat.from.node = name;
  beat.state = static_cast<NodeState>(state);
  return beat;
}

}  // namespace noom::signal
