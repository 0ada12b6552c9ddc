// Writes the type declarations of the package, www/glossa, into target/types.
import { execFileSync } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
rmSync(`${root}target/types`, { recursive: true, force: true });
execFileSync(`${root}node_modules/.bin/tsc`, ['-p', 'www/glossa/tsconfig.types.json'], { cwd: root, stdio: 'inherit' });
// tsc makes declarations of scripts only.
for (const name of ['options.d.ts', 'element-tag.d.ts']) copyFileSync(`${root}www/glossa/${name}`, `${root}target/types/${name}`);
