/**
 * The viewer's memory: compressed pictures, and a few decoded ones. Both are bounded: phones reload a tab that takes
 * too much. What is evicted is decoded again when needed, or fetched again, which is not done here but by loader.js.
 *
 * @typedef {ImageBitmap | HTMLImageElement | HTMLCanvasElement} Picture
 */

const COMPRESSED_BYTES = 36 * 1024 * 1024;
const DECODED_PIXELS = 16 * 1024 * 1024; // 64 MB as RGBA
const DECODED = 60; // pictures, however small they are

/** Least recently used goes first. @template T */
export class Lru {
  /** @param {number} capacity @param {(value: T) => number} weigh @param {(value: T) => void} [drop] */
  constructor(capacity, weigh, drop) {
    this.capacity = capacity;
    this.weigh = weigh;
    this.drop = drop || (() => undefined);
    this.weight = 0;
    /** @type {Map<string, T>} */
    this.entries = new Map(); // insertion order is the order of use
  }

  /** @param {string} key @returns {T | undefined} */
  get(key) {
    const value = this.entries.get(key);
    if (value === undefined) return undefined;
    this.entries.delete(key);
    this.entries.set(key, value);
    return value;
  }

  /** @param {string} key */
  has(key) {
    return this.entries.has(key);
  }

  /** @param {string} key @param {T} value */
  set(key, value) {
    this.remove(key);
    this.entries.set(key, value);
    this.weight += this.weigh(value);
    while (this.weight > this.capacity && this.entries.size > 1) {
      this.remove(/** @type {string} */ (this.entries.keys().next().value));
    }
  }

  /** @param {string} key */
  remove(key) {
    const value = this.entries.get(key);
    if (value === undefined) return;
    this.entries.delete(key);
    this.weight -= this.weigh(value);
    this.drop(value);
  }
}

export class Pictures {
  constructor() {
    /** @type {Lru<Blob>} */
    this.compressed = new Lru(COMPRESSED_BYTES, (blob) => blob.size);
    /** @type {Lru<Picture>} */
    this.decoded = new Lru(
      DECODED_PIXELS, (picture) => Math.max(picture.width * picture.height, DECODED_PIXELS / DECODED), release);
    /** Asked for twice it is decoded once: of two the first would be closed while it stands. @type {Map<string, Promise<Picture>>} */
    this.decoding = new Map();
    /** The one picture that the page fetched itself: it stays, for its bytes are not at hand.
     *  @type {{key: string, image: HTMLImageElement} | null} */
    this.ofPage = null;
  }

  /** @param {string} key */
  has(key) {
    return this.compressed.has(key) || (this.ofPage !== null && this.ofPage.key === key);
  }

  /** @param {string} key @param {HTMLImageElement} image  loaded */
  adopt(key, image) {
    this.ofPage = { key, image };
  }

  /** @param {string} key @param {Blob} blob */
  add(key, blob) {
    this.compressed.set(key, blob);
  }

  /** The decoded picture if it is at hand. @param {string} key @returns {Picture | undefined} */
  ready(key) {
    return this.ofPage && this.ofPage.key === key ? this.ofPage.image : this.decoded.get(key);
  }

  /** @param {string} key @returns {Promise<Picture | undefined>} undefined when it is not in memory at all */
  decode(key) {
    const running = this.decoding.get(key);
    if (running) return running;
    const blob = this.compressed.get(key);
    if (!blob) return Promise.resolve(undefined);
    const decoding = decodeJpeg(blob).then((picture) => {
      this.decoded.set(key, picture);
      return picture;
    });
    const done = () => { this.decoding.delete(key); };
    this.decoding.set(key, decoding);
    decoding.then(done, done);
    return decoding;
  }
}

/** @param {Blob} blob @returns {Promise<Picture>} rejects when the bytes are no picture */
export function decodeJpeg(blob) {
  if (typeof createImageBitmap === 'function') return createImageBitmap(blob);
  return new Promise((resolve, reject) => {
    const url = URL.createObjectURL(blob);
    const image = new Image();
    image.onload = () => { URL.revokeObjectURL(url); resolve(image); };
    image.onerror = () => { URL.revokeObjectURL(url); reject(new Error('not a picture')); };
    image.src = url;
  });
}

/** @param {Picture} picture */
export function release(picture) {
  if ('close' in picture) picture.close();
}
