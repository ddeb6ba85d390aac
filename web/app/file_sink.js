// Where an accepted file goes: small ones into memory; large ones to a file the user chooses, else to the origin's private files, from which they are saved.

/** @import { IncomingFile } from '../client/index.js' */

/**
 * @typedef {object} Sink
 * @property {WritableStream<Uint8Array> | undefined} stream   undefined: into memory
 * @property {(blob: Blob | null) => Promise<Blob | null>} result   what there is to save in the end; null when it is saved already
 * @property {() => Promise<void>} discard      what is not needed any more
 */

const TO_DISK_FROM_BYTES = 16 * 1024 * 1024;

/** @type {Sink} */
export const memorySink = { stream: undefined, result: async (blob) => blob, discard: async () => {} };

/** @typedef {{suggestedName?: string}} SaveOptions */

export const DiskSink = {
  /**
   * Called while the user's click counts: the browser may ask where to save.
   * @param {IncomingFile} file
   * @returns {Promise<Sink | null>} null where memory is right, or all there is. Rejects with an AbortError when the user changes their mind
   */
  async open(file) {
    if (file.size < TO_DISK_FROM_BYTES) return null;
    const picker = /** @type {{showSaveFilePicker?: (options: SaveOptions) => Promise<FileSystemFileHandle>}} */ (/** @type {unknown} */ (window));
    if (picker.showSaveFilePicker) {
      const handle = await picker.showSaveFilePicker({ suggestedName: file.name });
      const stream = /** @type {WritableStream<Uint8Array>} */ (/** @type {unknown} */ (await handle.createWritable()));
      return { stream, result: async () => null, discard: async () => {} };
    }
    return openPrivate();
  },
};

/** @returns {Promise<Sink | null>} */
async function openPrivate() {
  try {
    const directory = await navigator.storage.getDirectory();
    const name = `incoming-${crypto.randomUUID()}`;
    const handle = await directory.getFileHandle(name, { create: true });
    const stream = /** @type {WritableStream<Uint8Array>} */ (/** @type {unknown} */ (await handle.createWritable()));
    return {
      stream,
      result: () => handle.getFile(),
      discard: () => directory.removeEntry(name).catch(() => {}),
    };
  } catch {
    // Older browsers and private windows: it has to fit into memory.
    return null;
  }
}
