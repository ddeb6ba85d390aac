// The messages of noom.v1 as types. Written by scripts/protocol-types from docs/protocol/schemas; do not edit.

/**
 * @typedef {{peer: string, name: string, role: string, metadata: Record<string, unknown>, presence: 'present' | 'away', polite: boolean}} RosterEntry
 * @typedef {{urls: string[], username?: string, credential?: string}} IceServer
 * @typedef {{type: 'ack', id?: number | string, received: number}} AckRequest How many messages have come.
 * @typedef {{type: 'bye', id?: number | string}} ByeRequest Ends the session; the server closes with 1000.
 * @typedef {{type: 'hello', id?: number | string, protocol: 'noom.v1', client?: string, features?: string[], resume?: {ticket: string, received: number}}} HelloRequest The first message of a connection.
 * @typedef {{type: 'ice_servers', id?: number | string}} IceServersRequest Asks for ICE servers with fresh credentials.
 * @typedef {{type: 'join', id?: number | string, room: string, name?: string, metadata?: Record<string, unknown>, metadata_ttl_s?: number}} JoinRequest Enters a room, which is made when it is not there.
 * @typedef {{type: 'leave', id?: number | string}} LeaveRequest Leaves the room.
 * @typedef {{type: 'ping', id?: number | string}} PingRequest Asks for a sign of life.
 * @typedef {{type: 'roster', id?: number | string}} RosterRequest Asks who is in the room.
 * @typedef {{type: 'send', id?: number | string, to?: string, role?: string, data: unknown}} SendRequest To one peer, to all who have a role, or to everyone else.
 * @typedef {{type: 'update', id?: number | string, name?: string, metadata?: Record<string, unknown>, metadata_ttl_s?: number}} UpdateRequest Changes what others see; what is missing stays.
 * @typedef {{type: 'ack', received: number}} Ack How many messages have come.
 * @typedef {{type: 'error', re?: number | string, code: 'bad_json' | 'bad_message' | 'unknown_type' | 'hello_required' | 'already_greeted' | 'protocol_unsupported' | 'already_joined' | 'not_joined' | 'room_full' | 'too_many_rooms' | 'no_such_peer' | 'rate_limited' | 'frame_too_big' | 'unavailable', message: string, retry_after_s?: number}} Error A request was refused, or something that was no request.
 * @typedef {{type: 'go_away', reconnect_after_ms: number}} GoAway The server closes next; come back after that time.
 * @typedef {{type: 'ice_servers', re?: number | string, room: string, ice_servers: IceServer[], ice_ttl_s?: number, restart: boolean}} IceServers ICE servers in place of those before: asked for, or because theirs end soon.
 * @typedef {{type: 'joined', re?: number | string, room: string, epoch: number, seq: number, peer: string, role: string, peers: RosterEntry[], ice_servers: IceServer[], ice_ttl_s?: number, ticket?: string}} Joined Answers join.
 * @typedef {{type: 'left', re?: number | string, room: string}} Left Answers leave.
 * @typedef {{type: 'message', room: string, from: string, broadcast: boolean, epoch?: number, seq?: number, data: unknown}} Message What somebody sent; with `epoch` and `seq` when it went to everyone.
 * @typedef {{type: 'ok', re?: number | string, epoch?: number, seq?: number}} Ok Done; with `epoch` and `seq` when it is an event of the room.
 * @typedef {{type: 'peer_joined', room: string, epoch: number, seq: number, peer: string, name: string, role: string, metadata: Record<string, unknown>, polite: boolean}} PeerJoined Somebody came.
 * @typedef {{type: 'peer_left', room: string, epoch: number, seq: number, peer: string, reason: 'left' | 'closed' | 'timeout' | 'kicked'}} PeerLeft Somebody is gone.
 * @typedef {{type: 'peer_updated', room: string, epoch: number, seq: number, peer: string, name: string, role: string, metadata: Record<string, unknown>}} PeerUpdated Somebody is called or described differently.
 * @typedef {{type: 'pong', re?: number | string, received?: number}} Pong Answers ping.
 * @typedef {{type: 'presence', room: string, epoch: number, seq: number, peer: string, state: 'away' | 'present'}} Presence Somebody's connection is lost for the moment, or back.
 * @typedef {{type: 'roster', re?: number | string, room: string, epoch: number, seq: number, peer: string, peers: RosterEntry[]}} Roster Who is in the room: asked for, or after a gap.
 * @typedef {{type: 'superseded', room: string, epoch: number, seq: number}} Superseded In place of an event that a later one has made pointless before a slow client took it.
 * @typedef {{type: 'ticket', ticket: string}} Ticket A newer ticket for the session.
 * @typedef {{type: 'welcome', re?: number | string, protocol: 'noom.v1', server: string, session: string, features: string[], ping_interval_ms: number, ping_timeout_ms: number, frame_bytes_max: number, ticket?: string, resume_window_ms?: number, room?: string, peer?: string, recovered?: boolean, reason?: 'gap' | 'session_unknown' | 'ticket_used' | 'ticket_invalid', received?: number}} Welcome Answers hello.
 */

export {};
