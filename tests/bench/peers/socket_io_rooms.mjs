// Rooms on Socket.IO with its connection state recovery, over WebSocket alone.
import { Server } from "socket.io";
import { listen, server } from "./listen.mjs";

const io = new Server(server, {
  transports: ["websocket"],
  serveClient: false,
  pingInterval: 300_000,
  connectionStateRecovery: { maxDisconnectionDuration: 120_000 },
});

io.on("connection", (socket) => {
  socket.on("join", (room, done) => {
    const peers = [...(io.sockets.adapter.rooms.get(room) ?? [])];
    socket.data.room = room;
    socket.join(room);
    socket.to(room).emit("peer_joined", { room, peer: socket.id });
    done({ room, peer: socket.id, peers });
  });
  socket.on("leave", (done) => {
    const { room } = socket.data;
    socket.leave(room);
    socket.to(room).emit("peer_left", { room, peer: socket.id });
    done({ room });
  });
  socket.on("send", (data, done) => {
    socket.to(socket.data.room).emit("message", { from: socket.id, data });
    done();
  });
});
listen();
