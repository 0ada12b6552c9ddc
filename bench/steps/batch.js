import { loadTransformers } from '../engines.js';
import { interleave, summaries } from '../measure.js';
import { abstracts } from '../texts.js';
import { WINDOW } from './agreement.js';

/** Abstracts timed at once, the same ones every time: enough that a second worker is started. */
const ABSTRACTS = 50;

/**
 * A batch of abstracts on two cores: our pool with two workers and with one, and onnxruntime-web with two threads. Ours
 * reads text and returns chunks; the peer gets word-piece ids in windows that do not overlap.
 */
export async function batch({ rounds, tell }) {
  const { Annotator } = await import('/www/glossa/index.js');
  const texts = abstracts(ABSTRACTS);
  const model = '/www/models/cellular/';
  const contenders = {};
  tell('loading ours');
  const one = await Annotator.create({ model, workers: 1 });
  contenders['ours, 1 worker'] = () => Array.fromAsync(one.annotateAll(texts));
  const two = await Annotator.create({ model, workers: 2 });
  contenders['ours, 2 workers'] = () => Array.fromAsync(two.annotateAll(texts));
  tell('loading onnxruntime-web');
  const peer = new Worker('steps/onnxruntime_worker.js', { type: 'module' });
  const ask = (message) =>
    new Promise((resolve, reject) => {
      peer.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data));
      peer.onerror = (event) => reject(new Error(event.message));
      peer.postMessage(message);
    });
  const windows = await windowsOf(texts);
  await ask({ file: '/models/cellular/onnx/model_quantized.onnx', threads: 2, windows });
  contenders['onnxruntime-web int8, 2 threads'] = () => ask({});
  const times = await interleave(contenders, { rounds, warmup: 2, onRound: (done) => tell(`round ${done} of ${rounds}`) });
  for (const annotator of [one, two]) annotator.dispose();
  peer.terminate();
  return { times: summaries(times), abstracts: ABSTRACTS, windows: windows.length };
}

async function windowsOf(texts) {
  const { AutoTokenizer } = await loadTransformers();
  const tokenizer = await AutoTokenizer.from_pretrained('cellular');
  return texts.flatMap((text) => {
    const [start, ...ids] = Array.from(tokenizer.encode(text));
    const end = ids.pop();
    const windows = [];
    while (ids.length) windows.push([start, ...ids.splice(0, WINDOW - 2), end]);
    return windows;
  });
}
