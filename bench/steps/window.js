import { litertModel, loadOurs, onnxruntimeSession } from '../engines.js';
import { interleave, summaries } from '../measure.js';
import { abstracts } from '../texts.js';
import { agreement, exactWindow, WINDOW } from './agreement.js';

const SHORT = 20;

/**
 * One window on one thread. Ours is timed from text to chunks, the peers from word-piece ids to logits. `shortTimes` are for
 * a sentence of 20 word pieces.
 */
export async function windowOf({ shape, bundle, rounds, tell }) {
  const contenders = {};
  const agreements = {};
  let text, ids, tokens, names, short;
  for (const binary of ['relaxed-simd', 'simd']) {
    tell(`loading ours, ${binary}`);
    const { load } = await loadOurs(binary);
    const annotator = await load(bundle);
    names ??= annotator.info().labels;
    if (!text) {
      ({ text, ids, tokens } = await exactWindow(annotator, abstracts(40), shape, WINDOW));
      short = (await exactWindow(annotator, abstracts(40), shape, SHORT)).text;
    }
    const labelled = annotator.label(text, { mode: 'truncate' });
    agreements[`ours, ${binary}`] = labelled.filter(({ label }, i) => label === tokens[i].label).length / tokens.length;
    contenders[`ours, ${binary}`] = () => annotator.annotate(text, { mode: 'truncate' });
    contenders[`ours, ${binary}, ${SHORT} pieces`] = () => annotator.annotate(short, { mode: 'truncate' });
  }
  const peers = {
    'onnxruntime-web f32': () => onnxruntimeSession(`/models/${shape}/onnx/model.onnx`),
    'onnxruntime-web int8': () => onnxruntimeSession(`/models/${shape}/onnx/model_quantized.onnx`),
    'LiteRT.js f32': () => litertModel(`/models/${shape}/litert_f32.tflite`),
    'LiteRT.js int8': () => litertModel(`/models/${shape}/litert_int8.tflite`),
  };
  for (const [name, load] of Object.entries(peers)) {
    tell(`loading ${name}`);
    const peer = await load();
    if (!peer) continue;
    agreements[name] = agreement(tokens, await peer.run(ids), names);
    contenders[name] = () => peer.run(ids);
  }
  const times = await interleave(contenders, { rounds, onRound: (done) => tell(`round ${done} of ${rounds}`) });
  return { times: summaries(times), agreements, tokens: tokens.length, pieces: ids.length };
}
