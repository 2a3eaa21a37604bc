/**
 * The viewer's only door to the server: addresses, retries, the framing of a batch. Knows nothing of the screen.
 *
 * @typedef {import('../stage/window_level.js').Window} Window
 */

export const PREVIEW_SIZE = 256;
export const BATCH = 20; // frames; the server's upper limit
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;
const TRIES = 6;
const TRIES_LATE = 2; // of those without an answer in time: then the user is told, and decides
const ANSWER_MS = 30000; // until an answer begins
const BODY_MS = 60000; // until a small body is here
const LEAST_SPEED = 4; // bytes a millisecond: a large body has more time

/** The session is over: nothing here will load any more. */
export class SessionEnded extends Error {}

/** The server cannot make this picture, now and later. */
export class CannotShow extends Error {}

/** Given up because nobody waits for it any more. */
export class Cancelled extends Error {}

/** The server took the request and says nothing. */
class Late extends Error {}

export class Api {
  /**
   * @param {string} base  the address under which the exam's pictures lie
   * @param {(retrying: boolean) => void} onTrouble  true while at least one request waits to be tried again
   */
  constructor(base, onTrouble) {
    this.base = base;
    this.onTrouble = onTrouble;
    this.waiting = 0;
    this.bytes = 0; // of pictures, so far
    /** @type {Promise<boolean> | null} */
    this.check = null;
  }

  /** @param {number} n @param {number} k @param {Window | null} window @param {number} [size] */
  frameUrl(n, k, window, size) {
    const query = [];
    if (window) query.push(`wc=${window.center}`, `ww=${window.width}`);
    if (size) query.push(`size=${size}`);
    return `${this.base}/series/${n}/frames/${k}.jpg${query.length ? '?' + query.join('&') : ''}`;
  }

  /** @param {number} n @param {number} k @param {Window | null} window @param {number | undefined} size
   *  @param {AbortSignal | undefined} signal */
  async frame(n, k, window, size, signal) {
    return this.counted(await this.get(this.frameUrl(n, k, window, size), signal, (response) => response.blob()));
  }

  /** @param {number} n @param {string} plane @param {{name: string | number, query: string[]}} cut
   *  @param {Window | null} window @param {{slab: number, mode: string}} slab  mm @param {number} size */
  cutUrl(n, plane, cut, window, slab, size) {
    const query = cut.query.concat(`size=${size}`);
    if (window) query.push(`wc=${window.center}`, `ww=${window.width}`);
    if (slab.slab) query.push(`slab=${slab.slab}`, `mode=${slab.mode}`);
    return `${this.base}/series/${n}/mpr/${plane}/${cut.name}.jpg?${query.join('&')}`;
  }

  /** @param {number} n @param {number} k */
  valuesUrl(n, k) {
    return `${this.base}/series/${n}/frames/${k}/values.bin`;
  }

  /** @param {string} url */
  async blob(url) {
    return this.counted(await this.get(url, undefined, (response) => response.blob()));
  }

  /** What the page itself fetched. @param {HTMLImageElement} image */
  countImage(image) {
    const [told] = /** @type {PerformanceResourceTiming[]} */ (performance.getEntriesByName(image.src));
    this.bytes += told ? told.encodedBodySize : 0;
  }

  /** @param {Blob} blob */
  counted(blob) {
    this.bytes += blob.size;
    return blob;
  }

  /** @param {string} url @returns {Promise<any>} */
  async json(url) {
    return this.get(url, undefined, (response) => response.json());
  }

  /**
   * `count` previews, `from`, `from + step` …; null stands for one that cannot be shown.
   *
   * @param {number} n @param {number} from @param {number} count @param {number} step
   * @param {AbortSignal | undefined} signal
   * @returns {Promise<Array<Blob | null>>}
   */
  async previews(n, from, count, step, signal) {
    const every = step > 1 ? `&step=${step}` : '';
    const url = `${this.base}/series/${n}/frames.batch?from=${from}&count=${count}&size=${PREVIEW_SIZE}${every}`;
    return this.get(url, signal, async (response) => {
      const batch = await response.arrayBuffer();
      this.bytes += batch.byteLength;
      return splitBatch(batch);
    });
  }

  /**
   * An answer whose body was cut is asked for again, as one that never came.
   *
   * @template T
   * @param {string} url @param {AbortSignal | undefined} signal @param {(response: Response) => Promise<T>} read
   * @returns {Promise<T>}
   */
  async get(url, signal, read) {
    for (let attempt = 0, late = 0; ; attempt += 1) {
      const { ok, status, body, isLate } = await this.once(url, signal, read);
      if (ok) return /** @type {T} */ (body);
      if (status && status < 500 && status !== 429) {
        const over = status === 401 || (status === 404 && (await this.sessionIsOver()));
        throw over ? new SessionEnded() : new CannotShow();
      }
      if (isLate) late += 1;
      if (attempt + 1 >= TRIES || late >= TRIES_LATE) throw new Error('no answer');
      await this.pause(backOff(attempt), signal);
    }
  }

  /**
   * One try, which ends in any case. Status 0: the line failed, or nothing came in time.
   *
   * @template T
   * @param {string} url @param {AbortSignal | undefined} signal @param {(response: Response) => Promise<T>} read
   * @returns {Promise<{ok: boolean, status: number, body?: T, isLate?: boolean}>}
   */
  async once(url, signal, read) {
    if (signal && signal.aborted) throw new Cancelled();
    const own = typeof AbortController === 'function' ? new AbortController() : null;
    const abort = () => { if (own) own.abort(); };
    if (signal) signal.addEventListener('abort', abort);
    try {
      const response = await within(ANSWER_MS, fetch(url, { credentials: 'same-origin', signal: own ? own.signal : undefined }));
      const { ok, status } = response;
      const ms = BODY_MS + (Number(response.headers.get('Content-Length')) || 0) / LEAST_SPEED;
      return ok ? { ok, status, body: await within(ms, read(response)) } : { ok, status };
    } catch (fault) {
      if (signal && signal.aborted) throw new Cancelled();
      abort();
      return { ok: false, status: 0, isLate: fault instanceof Late };
    } finally {
      if (signal) signal.removeEventListener('abort', abort);
    }
  }

  /** A missing frame and an ended session both answer 404; the manifest tells them apart. */
  sessionIsOver() {
    if (!this.check) {
      this.check = this.once(`${this.base}/manifest.json`, undefined, (response) => response.blob()).then(({ status }) => {
        this.check = null;
        return status === 404 || status === 401;
      });
    }
    return this.check;
  }

  /** Waits, but no longer than until the line is back. @param {number} ms @param {AbortSignal | undefined} signal */
  async pause(ms, signal) {
    this.waiting += 1;
    this.onTrouble(true);
    await new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      function done() {
        clearTimeout(timer);
        window.removeEventListener('online', done);
        if (signal) signal.removeEventListener('abort', done);
        resolve(undefined);
      }
      window.addEventListener('online', done);
      if (signal) signal.addEventListener('abort', done);
    });
    this.waiting -= 1;
    this.onTrouble(this.waiting > 0);
  }
}

/** @template T @param {number} ms @param {Promise<T>} promise @returns {Promise<T>} @throws {Late} */
function within(ms, promise) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Late()), ms);
    promise.then(resolve, reject).then(() => clearTimeout(timer));
  });
}

/** @param {number} attempt  from 0 @returns {number} milliseconds */
export function backOff(attempt) {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * Math.pow(2, attempt));
}

/**
 * Big-endian uint32 length, then that many bytes of JPEG, again and again. Length 0: cannot be shown.
 *
 * @param {ArrayBuffer} buffer @returns {Array<Blob | null>} @throws {Error} when it ends inside a frame
 */
export function splitBatch(buffer) {
  const view = new DataView(buffer);
  const frames = [];
  for (let at = 0; at < buffer.byteLength; ) {
    if (at + 4 > buffer.byteLength) throw new Error('batch ends inside a length');
    const end = at + 4 + view.getUint32(at);
    if (end > buffer.byteLength) throw new Error('batch ends inside a frame');
    frames.push(end === at + 4 ? null : new Blob([buffer.slice(at + 4, end)], { type: 'image/jpeg' }));
    at = end;
  }
  return frames;
}
