// onnxruntime-web with several threads, in a worker. In: {file, threads, windows} once, then any number
// of {}, to run all windows. Out: {} when done, or {error}.
import { onnxruntimeSession } from '../engines.js';

let session;
let windows;

self.onmessage = async ({ data }) => {
  try {
    if (data.file) {
      const ort = await import('/node_modules/onnxruntime-web/dist/ort.wasm.min.mjs');
      ort.env.wasm.wasmPaths = '/node_modules/onnxruntime-web/dist/';
      ort.env.wasm.numThreads = data.threads;
      session = await onnxruntimeSession(data.file, ort);
      ({ windows } = data);
    } else {
      for (const ids of windows) await session.run(ids);
    }
    postMessage({});
  } catch (error) {
    postMessage({ error: String(error) });
  }
};
