// Takes out of the browser's binary what no token classifier reaches: operators for images, sound, recurrent networks
// and trees, and another model format. tract registers them all at start, so the linker has to keep them; the engine
// refuses graphs that hold them (src/engine/operators.rs). Each function here traps if it is called after all.
//
//   node trim.mjs IN.wasm OUT.wasm     IN with the names of its functions; wasm-opt then drops what is not used.

import { readFileSync, writeFileSync } from 'node:fs';
import binaryen from 'binaryen';

/** Paths of modules, as the compiler writes them in the names of functions and of the types they belong to. */
const unreached = [
  'rustfft', 'tract_nnef',
  'tract_core::ops::fft', 'tract_core::ops::cnn::conv', 'tract_core::ops::cnn::deconv', 'tract_core::ops::cnn::maxpool',
  'tract_core::ops::cnn::sumpool', 'tract_core::ops::nn::resize', 'tract_core::ops::nn::grid_sample',
  'tract_hir::ops::cnn', 'tract_hir::ops::scan',
  'tract_onnx::ops::fft', 'tract_onnx::ops::ml', 'tract_onnx::ops::random', 'tract_onnx::ops::rec',
  'tract_onnx::ops::resize', 'tract_onnx::ops::grid_sample', 'tract_onnx::ops::multinomial',
  'tract_onnx::ops::non_max_suppression',
  'tract_onnx_opl::grid_sample', 'tract_onnx_opl::lrn', 'tract_onnx_opl::ml', 'tract_onnx_opl::multinomial',
  'tract_onnx_opl::non_max_suppression', 'tract_onnx_opl::random', 'tract_onnx_opl::resize',
];

// `a::b` stands in a name as `1a1b`, or within the name of a type as `a..b`.
const spellings = unreached.flatMap((path) => {
  const parts = path.split('::');
  return [new RegExp(`^_ZN${parts.map((part) => part.length + part).join('')}`),
    new RegExp(`^_ZN\\d+_\\$LT\\$${parts.join('\\.\\.')}\\.\\.`)];
});

const [, , input, output] = process.argv;
const module = binaryen.readBinary(readFileSync(input));
let trimmed = 0;
for (let i = 0; i < module.getNumFunctions(); i++) {
  const reference = module.getFunctionByIndex(i);
  const { name } = binaryen.getFunctionInfo(reference);
  // What registers something, at start or when a graph is read, is called.
  if (/__ctor|register_all_ops/.test(name) || !spellings.some((spelling) => spelling.test(name))) continue;
  binaryen.Function(reference).body = module.unreachable();
  trimmed += 1;
}
if (trimmed === 0) throw new Error('no function has such a name: is the binary stripped of its names?');
writeFileSync(output, module.emitBinary());
console.log(`${trimmed} functions taken out`);
