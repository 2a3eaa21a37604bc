/** Every word the viewer says. Nothing else. */

export const messages = {
  counter: (/** @type {number} */ k, /** @type {number} */ of) => `${k} / ${of}`,
  announce: (/** @type {number} */ k, /** @type {number} */ of) => `第 ${k} 幅，共 ${of} 幅`,
  picture: (/** @type {string} */ series, /** @type {number} */ k, /** @type {number} */ of) => `${series}，第 ${k} 幅，共 ${of} 幅`,
  series: (/** @type {number} */ n, /** @type {string} */ description) => description || `序列 ${n}`,
  frames: (/** @type {number} */ count) => `${count} 幅`,
  loading: '正在载入…',
  sharpening: '正在载入清晰图…',
  windowing: '这幅还是默认窗位',
  standIn: (/** @type {number} */ k) => `正在载入，先看第 ${k} 幅`,
  slow: '网络较慢，正在重试…',
  offline: '网络已断开，恢复后自动继续',
  cannotShow: '这幅图像无法显示',
  failed: '这幅图像没有载入成功',
  incomplete: '这幅图像的数据不完整',
  ended: '查看时间已过，为保护隐私已自动退出。请返回重新验证。',
  endedLink: '重新打开',
  empty: '没有可以显示的图像',
  play: '播放',
  pause: '暂停',
  cut: (/** @type {'axial' | 'coronal' | 'sagittal'} */ plane, /** @type {number} */ k, /** @type {number} */ of) =>
    `${{ axial: '横断', coronal: '冠状', sagittal: '矢状' }[plane]} ${k}/${of}`,
  slabs: { thin: '薄层', mean: '平均 5 毫米', greatest: '最大 10 毫米', least: '最小 10 毫米' },
  windows: {
    standard: '默认',
    lung: '肺窗',
    mediastinum: '纵隔窗',
    bone: '骨窗',
    brighter: '更亮',
    darker: '更暗',
  },
};
