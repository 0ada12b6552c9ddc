/**
 * Which ONNX file of a Hugging Face folder at an address is downloaded. An address cannot be listed, so names are tried; the
 * list is that of `src/model/graph_files.rs`, and a test holds the two together.
 */

/** @typedef {NonNullable<import('../options.js').LoadOptions['dtype']>} Dtype */

/** The folders in which exporters put ONNX files. */
export const GRAPH_FOLDERS = ['', 'onnx/'];

/**
 * Number formats and the names of their files, the usual name first.
 * @type {Record<Exclude<Dtype, 'auto'>, string[]>}
 */
export const GRAPH_FILES = {
  fp32: ['model.onnx', 'model_optimized.onnx', 'model_O1.onnx', 'model_O2.onnx', 'model_O3.onnx'],
  fp16: ['model_fp16.onnx', 'model_O4.onnx'],
  q8: ['model_quantized.onnx'],
  int8: ['model_int8.onnx', 'model_qint8_avx512_vnni.onnx', 'model_qint8_avx512.onnx', 'model_qint8_arm64.onnx'],
  uint8: ['model_uint8.onnx', 'model_quint8_avx2.onnx'],
  q4: ['model_q4.onnx'],
  q4f16: ['model_q4f16.onnx'],
  bf16: ['model_bf16.onnx'],
  bnb4: ['model_bnb4.onnx'],
};

/**
 * The order of `auto`: the smallest that runs well first. Weights of 8 bits stay as they are, while those of fewer bits and of
 * 16 are made larger before they run.
 * @type {Exclude<Dtype, 'auto'>[]}
 */
const SMALLEST_FIRST = ['q8', 'int8', 'uint8', 'fp32', 'fp16', 'q4', 'q4f16', 'bf16', 'bnb4'];

/**
 * Paths to try, in this order; the first file that is there is the model.
 * @param {Dtype} [dtype]
 * @returns {string[]}
 */
export function graphPaths(dtype = 'auto') {
  const formats = dtype === 'auto' ? SMALLEST_FIRST : [dtype];
  const usual = formats.map((format) => GRAPH_FILES[format][0]);
  const others = formats.flatMap((format) => GRAPH_FILES[format].slice(1));
  return [...usual, ...others].flatMap((name) => GRAPH_FOLDERS.map((folder) => folder + name));
}
