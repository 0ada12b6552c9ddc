/** Glossa and its peers behind a common interface. They run on the page's thread unless stated otherwise. */

const PEERS = '/node_modules';

/** One of our binaries, `simd` or `relaxed-simd`, on one thread without the worker. */
export async function loadOurs(binary) {
  const bindings = await import(`/www/pkg/${binary}/glossa.js`);
  const { memory } = await bindings.default({ module_or_path: `/www/pkg/${binary}/glossa_bg.wasm` });
  const { downloadModel } = await import('/www/glossa/worker/download-model.js');
  const load = async (folder, options = {}) => {
    const { name, files } = await downloadModel(new URL(folder, location.href).href, () => {});
    return bindings.Annotator.fromFiles(name, files, options);
  };
  return { load, memory };
}

let onnxruntime;

/** onnxruntime-web's WebAssembly backend on one thread. */
export function loadOnnxruntime() {
  onnxruntime ??= (async () => {
    const ort = await import(`${PEERS}/onnxruntime-web/dist/ort.wasm.min.mjs`);
    ort.env.wasm.wasmPaths = `${PEERS}/onnxruntime-web/dist/`;
    ort.env.wasm.numThreads = 1;
    return ort;
  })();
  return onnxruntime;
}

/**
 * A session over one ONNX file.
 * @returns {Promise<{ run: (ids: number[]) => Promise<Float32Array>, release: () => Promise<void> }>} `run` gives the
 *   logits of a window
 */
export async function onnxruntimeSession(file, ort) {
  ort ??= await loadOnnxruntime();
  const session = await ort.InferenceSession.create(file, { executionProviders: ['wasm'], graphOptimizationLevel: 'all' });
  const tensor = (values) => new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
  const run = async (ids) => {
    const { logits } = await session.run({
      input_ids: tensor(ids),
      attention_mask: tensor(ids.map(() => 1)),
      token_type_ids: tensor(ids.map(() => 0)),
    });
    return logits.data;
  };
  return { run, release: () => session.release() };
}

let transformers;

/** transformers.js with the models of this server, on one thread. */
export function loadTransformers() {
  transformers ??= (async () => {
    const module = await import(`${PEERS}/@huggingface/transformers/dist/transformers.web.min.js`);
    const { env } = module;
    env.allowRemoteModels = false;
    env.allowLocalModels = true;
    env.localModelPath = '/models/';
    env.useBrowserCache = false;
    env.backends.onnx.wasm.wasmPaths = import.meta.resolve('onnxruntime-web/webgpu').replace(/[^/]*$/, '');
    env.backends.onnx.wasm.numThreads = 1;
    return module;
  })();
  return transformers;
}

let litert;

/** LiteRT.js on one thread, with a model of windows of one length; `undefined` where the model was not made. */
export async function litertModel(file) {
  if (!(await fetch(file, { method: 'HEAD' })).ok) return undefined;
  const module = await import(`${PEERS}/@litertjs/core/dist/index.js`);
  litert ??= module.loadLiteRt(`${PEERS}/@litertjs/core/wasm/`, { threads: false });
  await litert;
  const model = await module.loadAndCompile(file, { accelerator: 'wasm' });
  const run = async (ids) => {
    const tensors = [ids, ids.map(() => 1), ids.map(() => 0)].map(
      (values) => new module.Tensor(Int32Array.from(values), [1, values.length]),
    );
    const [output] = await model.run(tensors);
    const logits = output.toTypedArray().slice();
    for (const tensor of [...tensors, output]) tensor.delete();
    return logits;
  };
  return { run };
}
