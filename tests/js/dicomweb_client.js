/**
 * dicomweb-client for JavaScript in front of a running server: `node dicomweb_client.js ADDRESS TOKEN FILE`.
 *
 * Prints one JSON object: for each call what it found, or `error`. What is right is in
 * tests/functional/test_javascript_client_on_gunicorn.py.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
globalThis.XMLHttpRequest = require('xhr2');
const { api } = require('dicomweb-client');

const [url, token, file] = process.argv.slice(2);
const client = new api.DICOMwebClient({ url, headers: { Authorization: `Bearer ${token}` } });
const single = new api.DICOMwebClient({ url, singlepart: 'bulkdata', headers: { Authorization: `Bearer ${token}` } });

const A = '1.2.826.0.1.3680043.10.511.1', B = '1.2.826.0.1.3680043.10.511.2';
const study = { studyInstanceUID: A };
const series = { ...study, seriesInstanceUID: `${A}.1` };
const slice = { ...series, sopInstanceUID: `${A}.1.2` };
const film = { studyInstanceUID: B, seriesInstanceUID: `${B}.1`, sopInstanceUID: `${B}.1.1` };
const report = { studyInstanceUID: B, seriesInstanceUID: `${B}.2`, sopInstanceUID: `${B}.2.1` };
const rle = { mediaType: 'image/x-dicom-rle', transferSyntaxUID: '1.2.840.10008.1.2.5' };
const octets = { mediaType: 'application/octet-stream', transferSyntaxUID: '1.2.840.10008.1.2.1' };

const uids = (found, tag) => found.map((item) => item[tag].Value[0]).sort();
const lengths = (parts) => [...parts].map((part) => part.byteLength);
/** What comes alone is in a list of one. */
const bytes = (found) => Buffer.from(Array.isArray(found) ? found[0] : found);
const first = (found, count) => bytes(found).subarray(0, count).toString('latin1');
/** The address of the long document, as a page would resolve it. */
const document = async () => {
  const [metadata] = await client.retrieveInstanceMetadata(report).then((found) => [found].flat());
  return new URL(metadata['00420011'].BulkDataURI, url).href;
};

const calls = {
  searchForStudies: async () => uids(await client.searchForStudies(), '0020000D'),
  searchForStudiesByName: async () =>
    uids(await client.searchForStudies({ queryParams: { PatientName: '*Anna*', limit: 10 } }), '0020000D'),
  searchForStudiesByPatientID: async () =>
    uids(await client.searchForStudies({ queryParams: { '00100020': 'CHECK2', includefield: 'all' } }), '0020000D'),
  searchForStudiesThatAreNot: async () => client.searchForStudies({ queryParams: { PatientID: 'NOBODY' } }),
  searchForSeries: async () => uids(await client.searchForSeries(study), '0020000E'),
  searchForInstances: async () => uids(await client.searchForInstances(series), '00080018'),
  retrieveStudyMetadata: async () => uids(await client.retrieveStudyMetadata(study), '00080018'),
  retrieveSeriesMetadata: async () => uids(await client.retrieveSeriesMetadata(series), '00200013'),
  retrieveInstanceMetadata: async () => uids([await client.retrieveInstanceMetadata(slice)].flat(), '00080018'),
  retrieveInstance: async () => first((await client.retrieveInstance(slice)).slice(128), 4),
  retrieveInstanceDecoded: async () => bytes(await client.retrieveInstance(film)).includes('1.2.840.10008.1.2.1\0'),
  retrieveSeries: async () => (await client.retrieveSeries(series)).length,
  retrieveStudy: async () => (await client.retrieveStudy(study)).length,
  retrieveInstanceFrames: async () =>
    lengths(await client.retrieveInstanceFrames({ ...slice, frameNumbers: [1] })),
  retrieveInstanceFramesDecoded: async () =>
    lengths(await client.retrieveInstanceFrames({ ...film, frameNumbers: [4, 2], mediaTypes: [octets] })),
  retrieveInstanceFramesStored: async () =>
    lengths(await client.retrieveInstanceFrames({ ...film, frameNumbers: [1], mediaTypes: [rle, octets] }))[0] > 64,
  retrieveInstanceRendered: async () =>
    first(await client.retrieveInstanceRendered({ ...slice, queryParams: { viewport: '6,8' } }), 3),
  retrieveInstanceRenderedAsPng: async () =>
    first(await client.retrieveInstanceRendered({ ...slice, mediaTypes: [{ mediaType: 'image/png' }] }), 4),
  retrieveInstanceFramesRendered: async () =>
    first(await client.retrieveInstanceFramesRendered({
      ...film, frameNumbers: [2], mediaTypes: [{ mediaType: 'image/png' }] }), 4),
  retrieveInstanceThumbnail: async () => first(await client.retrieveInstanceThumbnail(slice), 3),
  retrieveInstanceFramesThumbnail: async () =>
    first(await client.retrieveInstanceFramesThumbnail({ ...film, frameNumbers: [2] }), 3),
  retrieveBulkData: async () => first((await client.retrieveBulkData({ BulkDataURI: await document() }))[0], 8),
  retrieveBulkDataAlone: async () => first((await single.retrieveBulkData({
    BulkDataURI: await document(), headers: { Accept: 'application/octet-stream' } }))[0], 8),
  storeInstances: async () => {
    const answer = await client.storeInstances({ datasets: [new Uint8Array(readFileSync(file)).buffer] });
    return typeof answer === 'string' ? answer.includes('00081199') : '00081199' in answer;
  },
};

console.debug = console.log = console.warn = () => {};
const told = {};
for (const [name, call] of Object.entries(calls)) {
  try {
    told[name] = await call();
  } catch (error) {
    told[name] = { error: `${error.status ?? ''} ${error.message}` };
  }
}
process.stdout.write(JSON.stringify(told));
