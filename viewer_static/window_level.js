/**
 * Which windows a series offers. Rendering under a window is the server's work: the phone never sees stored values.
 *
 * @typedef {{center: number, width: number}} Window  grey values of the modality (HU for CT)
 * @typedef {{name: 'standard' | 'lung' | 'mediastinum' | 'bone' | 'brighter' | 'darker', window: Window | null}} Preset
 */

/** Usual windows for chest and trunk reading on a Chinese workstation; the order is that of use. */
const CT = /** @type {Preset[]} */ ([
  { name: 'standard', window: null },
  { name: 'lung', window: { center: -600, width: 1500 } },
  { name: 'mediastinum', window: { center: 40, width: 400 } },
  { name: 'bone', window: { center: 400, width: 1800 } },
]);

const SHIFT = 0.2; // of the width: one clear step that still shows all tissue

/**
 * @param {string} modality  DICOM (0008,0060)
 * @param {Window | null} standard  the window the prepared pictures were made with, if the series has one
 * @returns {Preset[]}  `window: null` is the prepared picture; only that one where no window is known
 */
export function presetsFor(modality, standard) {
  if (modality === 'CT') return CT;
  if (!standard || !(standard.width > 1)) return [CT[0]];
  const { center, width } = standard;
  return [
    CT[0],
    { name: 'brighter', window: { center: round(center - SHIFT * width), width } },
    { name: 'darker', window: { center: round(center + SHIFT * width), width } },
  ];
}

/** One name for one window: keys of pictures and parts of addresses. @param {Window | null} window */
export function windowKey(window) {
  return window ? `${window.center},${window.width}` : '';
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 100) / 100;
}
