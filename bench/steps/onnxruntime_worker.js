// onnxruntime-web with several threads, off the page's own. In: {file, threads, windows} once, where windows are lists
// of windows, then {slice}, which of the lists to run, as often as wanted. Out: {} when done, or {error}.
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
      for (const ids of windows[data.slice]) await session.run(ids);
    }
    postMessage({});
  } catch (error) {
    postMessage({ error: String(error) });
  }
};
