import { cpSync } from 'node:fs';
import resolve from '@rollup/plugin-node-resolve';

// Rollup leaves addresses as they are: what they name, relative to the bundle, is to be there.
const copied = {
  name: 'copied',
  writeBundle() {
    cpSync(new URL('.', import.meta.resolve('glossa-ner/worker')), 'dist/worker', { recursive: true });
    for (const file of ['model.onnx', 'vocab.txt']) cpSync(new URL(import.meta.resolve(`glossa-ner-cellular/${file}`)), `dist/${file}`);
  },
};

export default { input: 'main.js', output: { dir: 'dist', format: 'es' }, plugins: [resolve({ browser: true }), copied] };
