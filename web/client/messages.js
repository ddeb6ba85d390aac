// The messages of noom.v1 as types. Written by scripts/protocol-types from docs/protocol/schemas; do not edit.

/**
 * @typedef {{peer: string, name: string, role: string, metadata: Record<string, unknown>, presence: 'present' | 'away', polite: boolean}} RosterEntry
 * @typedef {{urls: string[], username?: string, credential?: string}} IceServer
 * @typedef {{type: 'ack', id?: number | string, received: number}} AckRequest How many messages have come.
 * @typedef {{type: 'admit', id?: number | string, peer: string}} AdmitRequest Lets somebody in who waits in the lobby. For moderators.
 * @typedef {{type: 'bye', id?: number | string}} ByeRequest Ends the session; the server closes with 1000.
 * @typedef {{type: 'configure', id?: number | string, locked?: boolean, lobby?: boolean, password?: string | null}} ConfigureRequest Says who may come into the room; what is missing stays. A password is for hosts, the rest for moderators.
 * @typedef {{type: 'deny', id?: number | string, peer: string, message?: string}} DenyRequest Sends somebody away who waits in the lobby. For moderators.
 * @typedef {{type: 'end_room', id?: number | string, message?: string}} EndRoomRequest Puts everybody out of the room, which ends. For hosts.
 * @typedef {{type: 'hello', id?: number | string, protocol: 'noom.v1', client?: string, features?: string[], resume?: {ticket: string, received: number}}} HelloRequest The first message of a connection.
 * @typedef {{type: 'ice_servers', id?: number | string}} IceServersRequest Asks for ICE servers with fresh credentials.
 * @typedef {{type: 'invite', id?: number | string, role?: 'host' | 'moderator' | 'member' | 'viewer', lifetime_s?: number}} InviteRequest Asks for a ticket that lets somebody into this room once, past its password and lobby. For moderators.
 * @typedef {{type: 'join', id?: number | string, room: string, name?: string, metadata?: Record<string, unknown>, metadata_ttl_s?: number, token?: string, password?: string}} JoinRequest Enters a room, which is made when it is not there.
 * @typedef {{type: 'kick', id?: number | string, peer: string, message?: string, ban_s?: number}} KickRequest Puts somebody of a lesser role out of the room, and keeps them out for a while when `ban_s` is there. For moderators.
 * @typedef {{type: 'leave', id?: number | string}} LeaveRequest Leaves the room.
 * @typedef {{type: 'ping', id?: number | string}} PingRequest Asks for a sign of life.
 * @typedef {{type: 'request_mute', id?: number | string, peer: string, media: 'audio' | 'video' | 'screen'}} RequestMuteRequest Asks somebody to turn something off. For moderators.
 * @typedef {{type: 'roster', id?: number | string}} RosterRequest Asks who is in the room.
 * @typedef {{type: 'send', id?: number | string, to?: string, role?: string, data: unknown}} SendRequest To one peer, to all who have a role, or to everyone else.
 * @typedef {{type: 'set_role', id?: number | string, peer: string, role: 'host' | 'moderator' | 'member' | 'viewer'}} SetRoleRequest Gives somebody of a lesser role another one; who makes somebody else host is a moderator from then on. For hosts.
 * @typedef {{type: 'update', id?: number | string, name?: string, metadata?: Record<string, unknown>, metadata_ttl_s?: number}} UpdateRequest Changes what others see; what is missing stays.
 * @typedef {{type: 'ack', received: number}} Ack How many messages have come.
 * @typedef {{type: 'denied', room: string, reason: 'denied' | 'timeout' | 'ended', message?: string}} Denied Not let in from the lobby.
 * @typedef {{type: 'error', re?: number | string, code: 'bad_json' | 'bad_message' | 'unknown_type' | 'hello_required' | 'already_greeted' | 'protocol_unsupported' | 'already_joined' | 'not_joined' | 'room_full' | 'too_many_rooms' | 'no_such_peer' | 'rate_limited' | 'frame_too_big' | 'unavailable' | 'token_required' | 'token_invalid' | 'token_expired' | 'token_used' | 'wrong_room' | 'forbidden' | 'banned' | 'locked' | 'password_required' | 'wrong_password' | 'lobby_full', message: string, retry_after_s?: number}} Error A request was refused, or something that was no request.
 * @typedef {{type: 'go_away', reconnect_after_ms: number}} GoAway The server closes next; come back after that time.
 * @typedef {{type: 'ice_servers', re?: number | string, room: string, ice_servers: IceServer[], ice_ttl_s?: number, restart: boolean}} IceServers ICE servers in place of those before: asked for, or because theirs end soon.
 * @typedef {{type: 'invited', re?: number | string, room: string, role: string, ticket: string, lifetime_s: number}} Invited Answers invite.
 * @typedef {{type: 'joined', re?: number | string, room: string, epoch: number, seq: number, peer: string, role: string, peers: RosterEntry[], ice_servers: IceServer[], ice_ttl_s?: number, ticket?: string, locked: boolean, lobby: boolean, has_password: boolean, waiting?: ({peer: string, name: string})[]}} Joined Answers join.
 * @typedef {{type: 'left', re?: number | string, room: string, reason?: 'kicked' | 'ended', message?: string, banned_s?: number}} Left Answers leave; with a reason: the client was put out of the room.
 * @typedef {{type: 'message', room: string, from: string, broadcast: boolean, epoch?: number, seq?: number, data: unknown}} Message What somebody sent; with `epoch` and `seq` when it went to everyone.
 * @typedef {{type: 'mute_requested', room: string, from: string, media: 'audio' | 'video' | 'screen'}} MuteRequested A moderator asks to turn something off.
 * @typedef {{type: 'ok', re?: number | string, epoch?: number, seq?: number}} Ok Done; with `epoch` and `seq` when it is an event of the room.
 * @typedef {{type: 'peer_joined', room: string, epoch: number, seq: number, peer: string, name: string, role: string, metadata: Record<string, unknown>, polite: boolean}} PeerJoined Somebody came.
 * @typedef {{type: 'peer_left', room: string, epoch: number, seq: number, peer: string, reason: 'left' | 'closed' | 'timeout' | 'kicked'}} PeerLeft Somebody is gone.
 * @typedef {{type: 'peer_updated', room: string, epoch: number, seq: number, peer: string, name: string, role: string, metadata: Record<string, unknown>}} PeerUpdated Somebody is called or described differently.
 * @typedef {{type: 'peer_waiting', room: string, peer: string, name: string}} PeerWaiting Somebody waits in the lobby. For moderators.
 * @typedef {{type: 'pong', re?: number | string, received?: number}} Pong Answers ping.
 * @typedef {{type: 'presence', room: string, epoch: number, seq: number, peer: string, state: 'away' | 'present'}} Presence Somebody's connection is lost for the moment, or back.
 * @typedef {{type: 'room_updated', room: string, epoch: number, seq: number, locked: boolean, lobby: boolean, has_password: boolean}} RoomUpdated Who may come in has changed.
 * @typedef {{type: 'roster', re?: number | string, room: string, epoch: number, seq: number, peer: string, role: string, peers: RosterEntry[], locked: boolean, lobby: boolean, has_password: boolean, waiting?: ({peer: string, name: string})[]}} Roster Who is in the room: asked for, or after a gap.
 * @typedef {{type: 'superseded', room: string, epoch: number, seq: number}} Superseded In place of an event that a later one has made pointless before a slow client took it.
 * @typedef {{type: 'ticket', ticket: string}} Ticket A newer ticket for the session.
 * @typedef {{type: 'waiting', re?: number | string, room: string, peer: string}} Waiting Answers join: in the lobby. `joined` or `denied` follows.
 * @typedef {{type: 'waiting_ended', room: string, peer: string, reason: 'admitted' | 'denied' | 'left' | 'timeout' | 'ended'}} WaitingEnded Somebody does not wait any more. For moderators.
 * @typedef {{type: 'welcome', re?: number | string, protocol: 'noom.v1', server: string, session: string, features: string[], ping_interval_ms: number, ping_timeout_ms: number, frame_bytes_max: number, ticket?: string, resume_window_ms?: number, room?: string, peer?: string, recovered?: boolean, reason?: 'gap' | 'session_unknown' | 'ticket_used' | 'ticket_invalid', received?: number}} Welcome Answers hello.
 */

export {};
