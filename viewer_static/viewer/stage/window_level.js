/**
 * Which windows a series offers. Rendering under a window is the server's work: the phone never sees stored values.
 * Where no window is known (many MR, colour) the shown picture itself is made brighter or darker, here on the phone.
 *
 * @typedef {{center: number, width: number}} Window  grey values of the modality (HU for CT)
 * @typedef {{name: string, window: Window | null, gain: number}} Preset  name: of messages.js, or the device's own; gain:
 *          factor on the grey levels of the picture that was sent
 */

/** Usual windows of a Chinese workstation; the order is that of use. */
const CT = /** @type {Preset[]} */ ([
  { name: 'standard', window: null, gain: 1 },
  { name: 'lung', window: { center: -600, width: 1500 }, gain: 1 },
  { name: 'mediastinum', window: { center: 40, width: 400 }, gain: 1 },
  { name: 'bone', window: { center: 400, width: 1800 }, gain: 1 },
  { name: 'brain', window: { center: 35, width: 90 }, gain: 1 },
  { name: 'belly', window: { center: 50, width: 300 }, gain: 1 },
  { name: 'vessels', window: { center: 200, width: 700 }, gain: 1 },
]);

const SHIFT = 0.2; // of the width: one clear step that still shows all tissue
const HARDNESS = 1.5;
const GAIN = 1.6; // the same step to the eye, where one bright spot made the rest dark

/**
 * @param {string} modality  DICOM (0008,0060)
 * @param {Window | null} standard  the window the prepared pictures were made with, if the series has one
 * @returns {Preset[]}  `window: null` is the prepared picture
 */
export function presetsFor(modality, standard) {
  if (modality === 'CT') return CT;
  if (!standard || !(standard.width > 1)) {
    return [
      CT[0],
      { name: 'brighter', window: null, gain: GAIN },
      { name: 'darker', window: null, gain: 1 / GAIN },
    ];
  }
  const { center, width } = standard;
  return [
    CT[0],
    { name: 'brighter', window: { center: round(center - SHIFT * width), width }, gain: 1 },
    { name: 'darker', window: { center: round(center + SHIFT * width), width }, gain: 1 },
    { name: 'softer', window: { center, width: round(width * HARDNESS) }, gain: 1 },
    { name: 'harder', window: { center, width: round(width / HARDNESS) }, gain: 1 },
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
