/** What a person does on the page: annotates a text, opens a text, a model or a pipeline, cancels. */

import { abortable } from '../glossa/abort.js';
import { cancelled, messageOf } from '../glossa/errors.js';
import { GlossaError, readPipeline } from '../glossa/index.js';
import { EXAMPLES } from './examples.js';
import { identify } from './file-kinds.js';
import { Models } from './models.js';
import { Requests, isReplaced } from './requests.js';
import { renamed } from './result-view.js';

/** @typedef {import('../glossa/index.js').LoadOptions} LoadOptions */
/** @typedef {import('./bring-files.js').PathAndFile} PathAndFile */
/** @typedef {import('./file-kinds.js').Brought} Brought */
/** @typedef {import('./file-kinds.js').LocalModel} LocalModel */

/**
 * @typedef {object} Parts
 * @property {import('./input-text.js').InputText} input
 * @property {import('./setup.js').Setup} setup
 * @property {import('./options-form.js').OptionsForm} form
 * @property {import('./status-line.js').StatusLine} status
 * @property {import('./result-view.js').ResultView} results
 * @property {() => void} onChange is called when the text, the set-up or what is shown has changed
 */

/** @typedef {Parameters<import('./status-line.js').StatusLine['set']>} Outcome */

/** @param {string} text as errors and warnings have it: without a capital, without a full stop */
const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** Errors of loading that are not the model's fault. */
const NOT_THE_MODELS = ['cancelled', 'option_invalid', 'disposed'];

export class Session {
  #parts;
  #requests = new Requests();
  #models = new Models((event) => this.#requests.running && this.#parts.status.showProgress(event));

  /**
   * How the run ended, if something is still being opened: it is said when that turns out to be of no use.
   * @type {Outcome | null}
   */
  #outcome = null;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** Loads the chosen model before it is asked for, if the device has it from an earlier visit. */
  async prefetch() {
    const { setup, form, status } = this.#parts;
    const { model } = setup;
    const ifStillWanted = () => (this.#requests.running || setup.model !== model ? null : form.read().options);
    if (!this.#requests.running && (await this.#models.prefetch(model, ifStillWanted)) && status.state === 'idle') {
      status.set('idle', 'Ready. The model is on this device.');
    }
  }

  /** Annotates the text. If just that is under way, it goes on. */
  async annotate() {
    const { input, setup, form, status } = this.#parts;
    const { text } = input;
    form.clear();
    status.note();
    this.#outcome = null;
    try {
      const request = { text, setup: setup.key };
      if (!this.#requests.isUnderWay(request)) await this.#requests.run(request, (signal) => this.#run(request, signal));
    } catch (error) {
      // The options cannot be read: the request before is not what is wanted any more either.
      this.#requests.replace();
      status.set(...this.#failure('Not annotated', error));
    }
  }

  /** @param {keyof typeof EXAMPLES} name of the example, and of the model that reads it */
  openExample(name) {
    const { input, setup } = this.#parts;
    input.text = EXAMPLES[name];
    setup.model = `models/${name}/`;
    return this.annotate();
  }

  /**
   * Opens what files are found to be.
   * @param {Promise<PathAndFile[]>} files
   */
  openFiles(files) {
    const read = async () => {
      try {
        return await identify(await files);
      } catch (error) {
        throw error instanceof GlossaError ? error : new GlossaError('file_unreadable', messageOf(error), { cause: error });
      }
    };
    return this.#open('The file was not opened', read);
  }

  /**
   * Opens a file that is meant to be a pipeline.
   * @param {File} file
   */
  openPipeline(file) {
    return this.#open('The pipeline was not opened', async () => ({ kind: 'pipeline', name: file.name, file }));
  }

  cancel() {
    this.#requests.cancel();
  }

  /** Draws the result again, with the minimum confidence as it is now. */
  async redraw() {
    const { results, status, onChange } = this.#parts;
    if (!results.shown) return;
    await results.draw();
    onChange();
    if (status.state === 'done') status.set(...this.#found());
  }

  /**
   * Says what went wrong, without a word over the work that is under way.
   * @param {string} what
   * @param {unknown} error
   */
  refuse(what, error) {
    if (this.#requests.running) this.#note(what, error);
    else this.#parts.status.set(...this.#failure(what, error));
  }

  /**
   * @param {{ text: string, setup: string }} request
   * @param {AbortSignal} signal
   */
  async #run({ text, setup: key }, signal) {
    const { setup, form, status } = this.#parts;
    const { model, mode } = setup;
    try {
      const { options, annotate } = form.read();
      if (!text.trim()) {
        await this.#show({ text, setup: key, mode, chunks: [], entities: [] }, signal);
        return;
      }
      if (this.#models.has(model, options)) status.set('running', 'Annotating');
      else status.set('loading', 'Starting the engine');
      const annotator = await this.#load(model, options, signal);
      const { name, entities, precision, warnings } = annotator.info;
      status.addNotes(warnings.map(sentence));
      const start = performance.now();
      const onProgress = status.showProgress.bind(status);
      const { chunks, truncatedFrom, windows } = await annotator.annotate(text, { ...annotate, mode, signal, onProgress });
      if (isReplaced(signal)) return;
      const run = { windows, precision, milliseconds: Math.round(performance.now() - start) };
      const shownEntities = renamed(entities, annotate, chunks);
      await this.#show({ text, setup: key, model: name, mode, chunks, truncatedFrom, entities: shownEntities, run }, signal);
    } catch (error) {
      if (!isReplaced(signal)) this.#conclude(...this.#failure('Not annotated', error, signal));
    }
  }

  /**
   * Loads a model. One that was brought and cannot be loaded is withdrawn: the one before is chosen again.
   * @param {string} model
   * @param {LoadOptions} options
   * @param {AbortSignal} signal
   */
  async #load(model, options, signal) {
    const { setup, onChange } = this.#parts;
    try {
      const annotator = await this.#models.get(model, options, signal);
      setup.accept(model);
      this.#models.keepLast(model);
      return annotator;
    } catch (error) {
      const { code, message } = known(error);
      if (signal.aborted || !setup.isOnTrial(model) || NOT_THE_MODELS.includes(code)) throw error;
      setup.withdraw(model, this.#models.withdraw(model));
      onChange();
      throw new GlossaError(code, `${message.replace(/\.$/, '')}. The model is “${setup.modelName}” as before.`, { cause: error });
    }
  }

  /**
   * Opens what `read` finds, and annotates if there is a text. What cannot be opened changes nothing.
   * @param {string} failed
   * @param {() => Promise<Brought>} read
   */
  #open(failed, read) {
    const { form, status } = this.#parts;
    form.clear();
    status.note();
    if (!this.#requests.running) status.set('loading', 'Opening');
    return this.#requests.open(async (signal) => {
      try {
        // A folder may be large, or a disk slow.
        const brought = await abortable(read(), signal, () => {});
        await this.#take(brought, signal);
      } catch (error) {
        if (isReplaced(signal)) return;
        this.#giveUp(failed, error, signal);
      }
    });
  }

  /**
   * @param {string} failed
   * @param {unknown} error
   * @param {AbortSignal} signal
   */
  #giveUp(failed, error, signal) {
    const { status } = this.#parts;
    const outcome = this.#outcome;
    this.#outcome = null;
    if (signal.aborted) {
      // Of a run that is cancelled too the run tells.
      if (!this.#requests.running) status.set(...this.#failure(failed, error, signal));
    } else if (outcome) {
      status.set(...outcome);
      this.#note(failed, error);
    } else {
      this.refuse(failed, error);
    }
  }

  /**
   * @param {Brought} brought
   * @param {AbortSignal} signal
   */
  async #take(brought, signal) {
    const { input, setup, status, onChange } = this.#parts;
    const { kind, name } = brought;
    let ready = `${name} is loaded when you annotate.`;
    if (kind === 'pipeline') {
      const pipeline = await readPipeline(brought.file, { signal });
      refuseIfAborted(signal);
      setup.write(pipeline);
      ready = `${name} is set up. Its model is loaded when you annotate.`;
    } else if (kind === 'model') {
      this.#add(name, brought.model);
    } else {
      input.text = brought.text;
    }
    onChange();
    if (kind !== 'text' && !input.text.trim()) {
      this.#requests.replace();
      status.set('idle', ready);
      return;
    }
    const annotated = this.annotate();
    if (kind === 'text') status.note(...brought.notes);
    await annotated;
  }

  /**
   * @param {string} name
   * @param {LocalModel} model
   */
  #add(name, model) {
    const { setup } = this.#parts;
    const value = setup.localValue(name);
    // One of that name that was never loaded is nothing to go back to.
    if (setup.isOnTrial(value)) this.#models.withdraw(value);
    this.#models.add(value, model);
    setup.chooseLocal(name);
  }

  /**
   * @param {import('./result-view.js').Shown} annotation
   * @param {AbortSignal} signal
   */
  async #show(annotation, signal) {
    const { results, onChange } = this.#parts;
    await results.show(annotation);
    if (isReplaced(signal)) return;
    this.#conclude(...this.#found());
    onChange();
  }

  /**
   * @param {string} what
   * @param {unknown} error
   */
  #note(what, error) {
    const [, message] = this.#failure(what, error);
    this.#parts.status.note(message);
  }

  /** @returns {Outcome} */
  #found() {
    const { message, detail } = this.#parts.results.summary;
    return ['done', message, { detail }];
  }

  /**
   * Says how a run ended.
   * @param {Outcome} outcome
   */
  #conclude(...outcome) {
    const { status } = this.#parts;
    this.#outcome = this.#requests.opening ? outcome : null;
    if (this.#outcome) status.set('loading', 'Opening');
    else status.set(...outcome);
  }

  /**
   * How work ends that has no result; what concerns options is said beside them too.
   * @param {string} what
   * @param {unknown} error
   * @param {AbortSignal} [signal] the work's
   * @returns {Outcome}
   */
  #failure(what, error, signal) {
    if (signal?.aborted) return ['cancelled', 'Cancelled. Your text is as you left it.'];
    const reason = known(error);
    if (reason.code === 'option_invalid' || reason.code === 'pipeline_invalid') this.#parts.form.show(reason);
    return ['error', `${what}: ${reason.message}`, { code: reason.code }];
  }
}

/**
 * @param {unknown} error
 * @returns {GlossaError}
 */
const known = (error) => (error instanceof GlossaError ? error : new GlossaError('worker_failed', String(error)));

/** @param {AbortSignal} signal */
function refuseIfAborted(signal) {
  if (signal.aborted) throw cancelled(signal);
}
