// Rooms on the npm package ws, in the few words of noom.v1 that a room needs: no sessions, limits or sequence.
import { randomUUID } from "node:crypto";
import { WebSocketServer } from "ws";
import { listen, server } from "./listen.mjs";

const rooms = new Map();

function tellOthers(socket, message) {
  const text = JSON.stringify(message);
  for (const other of rooms.get(socket.room) ?? []) if (other !== socket) other.send(text);
}

function leave(socket) {
  const members = rooms.get(socket.room);
  if (!members) return;
  members.delete(socket);
  if (members.size === 0) rooms.delete(socket.room);
  else tellOthers(socket, { type: "peer_left", room: socket.room, peer: socket.peer });
  socket.room = undefined;
}

const requests = {
  hello: (socket) => ({ type: "welcome", session: socket.peer }),
  join(socket, { id, room, name }) {
    const members = rooms.get(room) ?? new Set();
    rooms.set(room, members);
    const peers = [...members].map((other) => ({ peer: other.peer, name: other.name }));
    members.add(socket);
    Object.assign(socket, { room, name });
    tellOthers(socket, { type: "peer_joined", room, peer: socket.peer, name });
    return { type: "joined", re: id, room, peer: socket.peer, peers };
  },
  leave(socket, { id }) {
    const { room } = socket;
    leave(socket);
    return { type: "left", re: id, room };
  },
  send(socket, { id, data }) {
    tellOthers(socket, { type: "message", room: socket.room, from: socket.peer, broadcast: true, data });
    return { type: "ok", re: id };
  },
};

new WebSocketServer({ server, perMessageDeflate: false }).on("connection", (socket) => {
  socket.peer = randomUUID();
  socket.on("message", (bytes) => {
    const request = JSON.parse(bytes);
    socket.send(JSON.stringify(requests[request.type](socket, request)));
  });
  socket.on("error", () => {});
  socket.on("close", () => leave(socket));
});
listen();
