// What a TypeScript program sees of @noom/client: compiled against the emitted .d.ts, never run.

import { Files, LocalMedia, NoomError, Room, Signaling, type ChannelOptions, type IncomingFile, type PeerState, type SelectedPath } from '@noom/client';

const channels: ChannelOptions[] = [{ label: 'chat', id: 0 }, { label: 'game', id: 1, ordered: false, maxRetransmits: 0 }];
const room = new Room({ url: 'wss://example.test/ws', name: 'Ann', metadata: { team: 'blue' }, channels });
const stop: () => void = room.on('peerjoined', (peer) => {
  const state: PeerState = peer.state;
  peer.on('data', ({ label }) => console.log(label.toUpperCase(), state));
  peer.channel('game')?.on('message', (data: string | ArrayBuffer) => console.log(typeof data));
  const files = new Files(peer);
  files.on('offer', (file: IncomingFile) => void file.accept().then((blob: Blob | null) => blob?.size));
  files.send(new Blob(['x']))?.on('progress', ({ bytes, size }) => console.log(bytes / size));
  void peer.path().then((path: SelectedPath | null) => path?.roundTripMs?.toFixed(1));
});
room.on('resumed', ({ recovered }: { recovered: boolean }) => console.log(recovered));
room.on('closed', (error: NoomError) => console.log(error.code, error.closeCode));
// @ts-expect-error there is no such event
room.on('nonsense', () => {});

const media = new LocalMedia();
await media.startCamera();
room.setTrack('video', media.camera);
// @ts-expect-error tracks are of two kinds
room.setTrack('smell', null);
await room.join('standup');
new Signaling({ url: 'wss://example.test/ws' }).on('state', ({ retryInMs }) => retryInMs?.toFixed());
stop();
