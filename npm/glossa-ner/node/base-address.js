/** Addresses in Node, where relative ones are relative to the folder in which the process works. */

import { pathToFileURL } from 'node:url';

export { withoutQuery } from '../../../www/glossa/base-address.js';

export const baseAddress = () => pathToFileURL(`${process.cwd()}/`).href;
