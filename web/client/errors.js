// The one error type the SDK throws. `code` is stable and meant for programs; `message` is for the log.
// Codes of the server are passed through as docs/protocol/noom-v1.md lists them; the SDK's own are below.

/**
 * @typedef {'connection_lost' | 'unreachable' | 'closed' | 'timeout' | 'bad_reply' | 'insecure_context' | 'unsupported'
 *   | 'permission_denied' | 'device_missing' | 'device_busy' | 'cancelled' | 'rejected' | 'too_many' | 'corrupted' | 'sink_failed'} LocalErrorCode
 */

export class NoomError extends Error {
  /**
   * @param {LocalErrorCode | string} code
   * @param {string} message
   * @param {{retryAfterS?: number, closeCode?: number, said?: string | undefined, cause?: unknown}} [details]
   */
  constructor(code, message, details = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'NoomError';
    /** @readonly */
    this.code = code;
    /** @readonly Seconds after which the server suggests to try again. */
    this.retryAfterS = details.retryAfterS;
    /** @readonly What a moderator said about it. */
    this.said = details.said;
    /** @readonly The WebSocket close code, when a close was the cause. */
    this.closeCode = details.closeCode;
  }
}

/**
 * What a browser throws from getUserMedia and getDisplayMedia, as one of our codes.
 * @param {unknown} thrown
 * @returns {NoomError}
 */
export function toMediaError(thrown) {
  if (thrown instanceof NoomError) return thrown;
  const name = thrown instanceof Error ? thrown.name : '';
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  /** @type {Record<string, LocalErrorCode>} */
  const codes = {
    NotAllowedError: 'permission_denied',
    SecurityError: 'permission_denied',
    NotFoundError: 'device_missing',
    OverconstrainedError: 'device_missing',
    NotReadableError: 'device_busy',
    AbortError: 'device_busy',
    TypeError: 'insecure_context',
    NotSupportedError: 'unsupported',
  };
  return new NoomError(codes[name] ?? 'device_busy', message, { cause: thrown });
}

/**
 * An `error` of noom.v1.
 * @param {{code?: unknown, message?: unknown, retry_after_s?: unknown}} reply
 */
export function toServerError(reply) {
  const details = typeof reply.retry_after_s === 'number' ? { retryAfterS: reply.retry_after_s } : {};
  return new NoomError(String(reply.code ?? 'bad_reply'), String(reply.message ?? ''), details);
}
