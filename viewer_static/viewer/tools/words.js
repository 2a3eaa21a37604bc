/** Every word of the tools that come after the first picture. Those before it are in ../messages.js. */

/** @param {number} value @param {number} digits */
const shown = (value, digits) => value.toFixed(digits).replace(/\.0+$/, '');
/** @param {{at: string}} size */
const where = (size) => (size.at === 'detector' ? '（探测器平面）' : '');

export const words = {
  tools: '工具',
  modes: {
    auto: '浏览',
    pan: '移动',
    window: '调窗',
    length: '长度',
    angle: '角度',
    region: '区域',
  },
  modeTitles: {
    auto: '手指上下滑动翻页；鼠标滚轮翻页，左键调窗，右键缩放，中键移动',
    pan: '拖动图像',
    window: '左右拖动改窗宽，上下拖动改窗位',
    length: '从一点拖到另一点，量出距离',
    angle: '先拖出一条边，再从顶点拖出另一条边',
    region: '拖出一个椭圆，量出平均值和标准差',
  },
  invert: '反相',
  rotate: '旋转',
  mirror: '左右翻转',
  upend: '上下翻转',
  larger: '放大',
  smaller: '缩小',
  full: '全屏',
  leaveFull: '退出全屏',
  clear: '清除测量',
  save: '省流量',
  saved: (/** @type {number} */ bytes) => `省流量 ${(bytes / 1e6).toFixed(1)} MB`,
  layers: '图层',
  layerAt: (/** @type {number} */ k) => `已转到有轮廓的第 ${k} 幅`,
  noLayer: '轮廓没有载入成功',
  keyImages: (/** @type {number} */ at, /** @type {number} */ of) => (at ? `关键图像 ${at}/${of}` : `关键图像 ${of} 幅`),
  keep: '保存图片',
  planes: '三维切面',
  cut: (/** @type {'axial' | 'coronal' | 'sagittal'} */ plane, /** @type {number} */ k, /** @type {number} */ of) =>
    `${{ axial: '横断', coronal: '冠状', sagittal: '矢状' }[plane]} ${k}/${of}`,
  slabs: { thin: '薄层', mean: '平均', greatest: '最大密度', least: '最小密度' },
  thickness: (/** @type {number} */ mm) => `${mm} 毫米`,
  cross: '十字线',
  turntable: '立体旋转',
  pair: '左右对比',
  measure: '测量',
  windows: '窗位',
  noPrior: '这次检查没有可以对比的图像',
  mammograms: '双侧乳腺',
  breast: { R: '右乳', L: '左乳' },
  linked: '联动翻页',
  oneScale: '两侧比例相同',
  scaleUnknown: '实际尺寸未知，两侧比例可能不同',
  byPlace: '按身体位置对应',
  close: '关闭',
  looks: { bone: '骨骼', vessels: '血管', lung: '肺', skin: '体表' },
  turning: '正在生成立体图…',
  notDiagnostic: '立体图仅供了解部位，诊断以报告为准',
  window: (/** @type {import('../stage/window_level.js').Window} */ window) =>
    `窗位 ${shown(window.center, 1)} 窗宽 ${shown(window.width, 1)}`,
  gain: (/** @type {number} */ gain) => `亮度 ${Math.round(gain * 100)}%`,
  zoom: (/** @type {number} */ zoom) => `放大 ${zoom.toFixed(1)} 倍`,
  caution: '测量结果非诊断用',
  length: (/** @type {number} */ mm, /** @type {{at: string}} */ size) => `${shown(mm, 1)} 毫米${where(size)}`,
  angle: (/** @type {number} */ degrees) => `${degrees.toFixed(1)}°`,
  secondLeg: '再从顶点拖出第二条边',
  area: (/** @type {number} */ mm2, /** @type {{at: string}} */ size) =>
    `面积 ${mm2 < 100 ? shown(mm2, 1) : Math.round(mm2)} 平方毫米${where(size)}`,
  values: (/** @type {{mean: number, sd: number}} */ told, /** @type {string} */ unit) =>
    `平均 ${shown(told.mean, 1)} ${unit}`.trim() + `，标准差 ${shown(told.sd, 1)}`,
  extremes: (/** @type {{least: number, greatest: number}} */ told) => `最小 ${shown(told.least, 1)}，最大 ${shown(told.greatest, 1)}`,
  noValues: '这里没有灰度值',
  asking: '正在计算…',
  noPlace: '正在取得图像尺寸，请稍候再量',
  noSize: '这幅图像没有记录实际尺寸，不能测量',
  outside: '请在有刻度的区域内测量',
  scale: (/** @type {number} */ mm) => (mm < 10 ? `${mm} 毫米` : `${mm / 10} 厘米`),
  sides: { x: ['右', '左'], y: ['前', '后'], z: ['足', '头'] }, // of the negative and of the positive direction
  presets: (/** @type {number} */ number) => `数字键 ${number}`,
};
