/**
 * What may stand beside the series in view: other series of the exam, and those of earlier exams of the same patient that
 * this browser has open. Asked once; a guest has none.
 *
 * @typedef {import('./pair.js').Source} Source
 * @typedef {import('../state.js').Series} Series
 */
import { Api } from '../loading/api.js';
import { messages } from '../messages.js';

const MOST = 12; // series that are offered
const MOST_PRIORS = 6; // exams, the newest

export class Besides {
  /** @param {import('../viewer.js').Viewer} viewer @param {() => void} changed */
  constructor(viewer, changed) {
    this.viewer = viewer;
    this.changed = changed;
    /** @type {Array<{id: string, facts: string, name: string}>} */
    this.priors = [];
    if (/^\/exams\//.test(viewer.api.base)) this.ask();
  }

  /** Those of the same kind first, this exam's before older ones. @param {Series} series @returns {Source[]} */
  here(series) {
    const { api } = this.viewer;
    const rank = (/** @type {Series} */ one) => (one.modality === series.modality ? 0 : 1);
    const own = this.viewer.series.filter((one) => one !== series)
      .sort((a, b) => rank(a) - rank(b) || a.n - b.n)
      .slice(0, MOST)
      .map((one) => ({
        api, name: messages.series(one.n, one.description),
        find: async () => /** @type {import('./pair.js').Found | undefined} */ ({ series: one, facts: this.viewer.factsOf(one) }),
      }));
    return own.concat(this.priors.map((prior) => priorSource(prior, series)));
  }

  async ask() {
    try {
      const { priors } = await this.viewer.api.json(`${this.viewer.api.base}/priors.json`);
      this.priors = priors.slice(0, MOST_PRIORS);
      if (this.priors.length) this.changed();
    } catch (fault) {
      // nothing to compare with; what is wrong with the line, the pictures tell
    }
  }
}

/** Its pictures are asked for when it is chosen: before, nobody looked at them.
 *  @param {{id: string, facts: string, name: string}} prior @param {Series} series @returns {Source} */
function priorSource(prior, series) {
  const api = new Api(`/exams/${prior.id}`, () => {});
  return {
    api,
    name: prior.name,
    find: async () => {
      const manifest = await api.json(`${api.base}/manifest.json`);
      const found = likest(series, manifest.series.filter((/** @type {Series} */ one) => one.frames > 0));
      return found && { series: found, facts: `${prior.facts} ${messages.series(found.n, found.description)}` };
    },
  };
}

/** The series of another exam that is most like this one: by kind, then by name, then by how many pictures it has.
 *  @param {Series} series @param {Series[]} all @returns {Series | undefined} */
export function likest(series, all) {
  const unlike = (/** @type {Series} */ one) => (one.modality === series.modality ? 0 : 4)
    + (one.description === series.description ? 0 : 2) + Math.abs(one.frames - series.frames) / (one.frames + series.frames);
  return all.slice().sort((a, b) => unlike(a) - unlike(b))[0];
}
