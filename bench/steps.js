/** The steps that the page can run, independent of each other. A step returns plain data and reports progress to `tell`. */

import { batch } from './steps/batch.js';
import { document10k } from './steps/document.js';
import { growth } from './steps/growth.js';
import { labels } from './steps/labels.js';
import { memory } from './steps/memory.js';
import { windowOf } from './steps/window.js';

export const STEPS = {
  'window-small': (options) => windowOf({ shape: 'cellular', bundle: '/www/models/cellular/', ...options }),
  'window-base': (options) => windowOf({ shape: 'bert-base', bundle: '/models/bert-base-bundle/', ...options }),
  document: document10k,
  batch,
  labels,
  growth,
  'memory-small': (options) => memory({ bundle: '/www/models/cellular/', documents: 1000, ...options }),
  'memory-base': (options) => memory({ bundle: '/models/bert-base-bundle/', documents: 0, ...options }),
};
