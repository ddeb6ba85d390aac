// Waiting for a condition, with a deadline.

const POLL_MS = 50;

/**
 * Returns the first true value of `condition`, which may be async; throws what it throws, or at the deadline.
 * The last value is part of the error, so that a failure says how far it came.
 */
export async function until(what, timeoutMs, condition) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}; the last value was ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
