// Describes the machine that the measurements run on.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';

import { root } from './server.mjs';

/**
 * The class of processor whose code the browser makes: A has avx_vnni, which V8 uses for relaxed int8 dot products; B does not,
 * or V8 is told not to use it (`V8_FLAGS`, see tests/browser/harness.mjs).
 */
function browserClass(known) {
  const forced = known.includes('avx_vnni') && /--no-enable-avx-vnni/.test(process.env.V8_FLAGS ?? '');
  return { cpuClass: known.includes('avx_vnni') && !forced ? 'A' : 'B', forced };
}

export function machine() {
  let flags = '';
  try {
    flags = readFileSync('/proc/cpuinfo', 'utf8').match(/^flags\s*:(.*)$/m)?.[1] ?? '';
  } catch {
    // Not Linux: the CPU counts as class B, whose goals are for CPUs without avx_vnni.
  }
  const known = flags.trim().split(/\s+/).filter((flag) => /^(avx2|fma|avx_vnni|avx512_vnni|avx512bw|amx_int8)$/.test(flag));
  return {
    cpu: cpus()[0].model,
    cores: cpus().length,
    /** Load average before the run: more than about 0.3 distorts the measurements. */
    load: loadavg()[0].toFixed(2),
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    cpuFlags: known.join(' '),
    ...browserClass(known),
  };
}

const version = (name) => JSON.parse(readFileSync(join(root, 'bench/node_modules', name, 'package.json'), 'utf8')).version;

export async function versions(chromium, options) {
  const browser = await chromium.launch(options);
  const chromiumVersion = browser.version();
  await browser.close();
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  const python = readFileSync(join(root, 'bench/requirements.txt'), 'utf8');
  return {
    commit,
    chromium: chromiumVersion,
    peers: {
      'onnxruntime-web': version('onnxruntime-web'),
      'transformers.js': version('@huggingface/transformers'),
      'LiteRT.js': version('@litertjs/core'),
      'onnxruntime (Python)': python.match(/^onnxruntime==(.*)$/m)[1],
    },
  };
}
