// esbuild leaves addresses as they are: what they name, relative to the bundle, is to be there.
import { cpSync } from 'node:fs';

cpSync(new URL('.', import.meta.resolve('glossa-ner/worker')), 'dist/worker', { recursive: true });
for (const file of ['model.onnx', 'vocab.txt']) cpSync(new URL(import.meta.resolve(`glossa-ner-cellular/${file}`)), `dist/${file}`);
