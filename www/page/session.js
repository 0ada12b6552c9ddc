/** What a person does on the page: annotates a text or documents, opens documents, a model or a pipeline, pauses, cancels. */

import { abortable } from '../glossa/abort.js';
import { cancelled, messageOf } from '../glossa/errors.js';
import { GlossaError, readPipeline } from '../glossa/index.js';
import { annotateByAll, ofBlankText } from './annotate-text.js';
import { counted } from './counted.js';
import { Desk } from './documents/desk.js';
import { inSequence, readAhead, readDocuments } from './documents/read-documents.js';
import { EXAMPLES } from './examples.js';
import { identify } from './file-kinds.js';
import { EditFollower, QuietStart } from './follow-edits.js';
import { LONGEST_IN_BOX } from './input-text.js';
import { agreement } from './judging/findings.js';
import { Judge } from './judging/judge.js';
import { BEST } from './label-scores.js';
import { Models } from './models.js';
import { Requests, isReplaced } from './requests.js';
import { renamed } from './result-view.js';
import { saveAs } from './save-documents.js';

/** @typedef {import('../glossa/index.js').LoadOptions} LoadOptions */
/** @typedef {import('./bring-files.js').PathAndFile} PathAndFile */
/** @typedef {import('./file-kinds.js').Brought} Brought */
/** @typedef {import('./file-kinds.js').LocalModel} LocalModel */
/** @typedef {import('./documents/read-documents.js').ReadDocument} ReadDocument */
/** @typedef {import('../glossa/documents.js').Document} Document */

/**
 * @typedef {object} Parts
 * @property {import('./input-text.js').InputText} input
 * @property {import('./setup.js').Setup} setup
 * @property {import('./options-form.js').OptionsForm} form
 * @property {import('./status-line.js').StatusLine} status
 * @property {import('./result-view.js').ResultView} results
 * @property {import('./documents/panel.js').Elements} panel
 * @property {() => void} onChange is called when the text, the set-up or what is shown has changed
 */

/** @typedef {Parameters<import('./status-line.js').StatusLine['set']>} Outcome */

/** @param {string} text as errors and warnings have it: without a capital, without a full stop */
const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** Errors of loading that are not the model's fault. */
const NOT_THE_MODELS = ['cancelled', 'option_invalid', 'disposed'];
/** Errors that every document would have. */
const OF_ALL_DOCUMENTS = ['cancelled', 'option_invalid', 'disposed'];
/** Stands for the text of the request to annotate all documents: a text of one character that no file has. */
const ALL_DOCUMENTS = '\0';

export class Session {
  #parts;
  #requests = new Requests();
  #models = new Models((event) => this.#requests.running && this.#parts.status.showProgress(event));

  /**
   * How the run ended, if something is still being opened: it is said when that turns out to be of no use.
   * @type {Outcome | null}
   */
  #outcome = null;
  /**
   * The document of a file that is in the text box.
   * @type {ReadDocument | null}
   */
  #opened = null;
  #desk;
  /** What is opened last, and before it what that waits for. */
  #opening = Promise.resolve();
  /**
   * The signal of the documents that are on their way into the list.
   * @type {AbortSignal | null}
   */
  #taking = null;
  /** How often work has been cancelled. */
  #cancels = 0;
  /** Whether a text has been annotated: only then one who writes is annotated unasked. */
  #hasAnnotated = false;
  #follower = new EditFollower(
    () => this.#followsEdits(),
    () => this.#annotateEdited(),
  );
  /** @type {QuietStart | null} the run of an edited text that is under way */
  #edited = null;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.judge = new Judge(parts.results, {
      shown: () => this.#desk.shown,
      decisions: (key) => this.#desk.documents.decisions(key),
      keep: (key, decisions) => this.#desk.documents.judge(key, decisions),
      opened: () => this.#desk.documents.opened(),
    });
    this.#desk = new Desk(parts, parts.panel, { onForget: () => this.forget(), judge: this.judge });
  }

  /** How the models agree with what has been judged, by entity: in all documents, or in the text. */
  get agreement() {
    const { shown } = this.#parts.results;
    return this.#desk.isOpen ? this.#desk.documents.agreement : agreement(shown?.chunks ?? [], shown?.decisions ?? []);
  }

  /** The document of the list, or of a file, that is shown. */
  get shownEntry() {
    const { shown } = this.#desk;
    if (shown !== undefined) return shown === null ? null : this.#desk.documents.entry(shown);
    return this.#opened?.text === this.#parts.results.shown?.text ? this.#opened : null;
  }

  /**
   * Saves documents, and says what the format does not hold.
   * @param {AsyncIterable<Document> | Iterable<Document>} documents
   * @param {string} format
   */
  async save(documents, format) {
    const { status } = this.#parts;
    status.note();
    try {
      const warnings = await saveAs(documents, format);
      const words = warnings.map(({ what, times }) => `${what}: ${times}`);
      if (words.length) status.note(`Saved. What this format does not hold: ${words.join('; ')}.`);
    } catch (error) {
      this.refuse('Not saved', error);
    }
  }

  /**
   * The chunks of a text that was annotated, with the scores of their tokens' labels, if the models that found them are in memory.
   * @param {import('./result-view.js').Shown} shown
   * @returns {Promise<import('./result-view.js').Chunk[] | null>}
   */
  async withScores({ text, setup: key, run }) {
    const { setup, form } = this.#parts;
    if (!run || setup.key !== key) return null;
    const { options, annotate } = form.read();
    const { models, mode } = setup;
    if (!models.every((model) => this.#models.has(model, options))) return null;
    const { signal } = new AbortController();
    const annotators = [];
    for (const model of models) annotators.push(await this.#models.get(model, options, signal));
    const how = { setup: key, mode, annotate: { ...annotate, labelScores: BEST }, signal, reuseWindows: true };
    const { chunks } = await annotateByAll(annotators, text, how);
    return chunks;
  }

  /** The documents of the list. */
  get documents() {
    return this.#desk.documents;
  }

  /** Whether a reload would lose a text. */
  get wouldLose() {
    return Boolean(this.#parts.input.text.trim()) && !this.#desk.isKept;
  }

  /** Takes up what an earlier visit has left, and goes on with it. */
  async restore() {
    const { status, onChange } = this.#parts;
    const left = await this.#desk.restore();
    if (!left) return;
    onChange();
    const { batch, missing } = left;
    if (this.#requests.running) return;
    if (missing) {
      status.set('idle', `${this.#desk.summary}. The model “${missing}” was a file of yours: open it again, then annotate the rest.`);
    } else if (batch === 'going') {
      await this.annotate();
    } else if (batch === 'paused') {
      status.set('paused', 'Paused', { detail: `: ${this.#desk.summary}`, ratio: 0, pausable: true });
    } else {
      status.set(...this.#found());
    }
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

  /** Annotates the text, or all documents. If just that is under way, it goes on. */
  async annotate() {
    const { input, setup, form, status } = this.#parts;
    const { text } = input;
    form.clear();
    status.note();
    this.#outcome = null;
    this.#follower.stop();
    try {
      if (this.#desk.isOpen) {
        await this.#annotateAll(setup.key);
        return;
      }
      const request = { text, setup: setup.key };
      if (this.#requests.isUnderWay(request)) this.#edited?.speak();
      else await this.#requests.run(request, (signal) => this.#run(request, signal));
    } catch (error) {
      // The options cannot be read: the request before is not what is wanted any more either.
      this.#requests.replace();
      status.set(...this.#failure('Not annotated', error));
    }
  }

  /** The user has edited the text: if it has been annotated, it is annotated anew when the edits pause. */
  edited() {
    this.#follower.edited();
  }

  /** Whether what is shown is about to be that of the text as it is now, without a word. */
  get isCatchingUp() {
    return this.#follower.isWaiting || Boolean(this.#edited?.isQuiet);
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
    const { status } = this.#parts;
    this.#cancels += 1;
    this.#follower.stop();
    this.#requests.cancel();
    if (status.state !== 'paused' || this.#requests.running) return;
    // What an earlier visit paused is not under way.
    this.#desk.end();
    status.set(...this.#cancelled());
  }

  /** Pauses the work on the documents, or goes on with it. */
  pause() {
    if (this.#requests.running) this.#desk.pause(!this.#desk.isPaused);
    else this.annotate();
  }

  /** Ends all work, and removes the documents and what was found in them from the page and the device. */
  async forget() {
    const { status, form } = this.#parts;
    this.#follower.stop();
    this.#requests.replace();
    this.#opened = null;
    form.clear();
    status.note();
    try {
      this.judge.forget();
      await this.#desk.forget();
      status.set('idle', 'Ready. The documents are forgotten.');
    } catch (error) {
      status.set(...this.#failure('Not all was forgotten', error));
    }
  }

  /** Draws the result again, with the minimum confidence as it is now. */
  async redraw() {
    const { results, status, onChange } = this.#parts;
    this.#desk.refresh();
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

  /** Whether an edit is to be annotated: with the set-up as it was, and the models in memory, so that it takes a moment. */
  #followsEdits() {
    const { input, setup, form, results } = this.#parts;
    const { shown } = results;
    this.#hasAnnotated ||= shown?.run !== undefined;
    // What came with a file is not of an edited text: that is for the user to give up.
    if (shown?.given) return false;
    // What is being opened would be given up for it, and so would the work on other documents.
    if (!this.#hasAnnotated || this.#requests.opening || input.text.length > LONGEST_IN_BOX) return false;
    if (this.#desk.isOpen && (!this.#desk.isOfList || (this.#requests.running && !this.#edited))) return false;
    try {
      const { options } = form.read();
      return shown?.setup === setup.key && setup.models.every((model) => this.#models.has(model, options));
    } catch {
      // The options cannot be read, as is said when the user annotates.
      return false;
    }
  }

  /** Annotates a text that the user has edited, quietly. */
  async #annotateEdited() {
    const { input, setup, status, onChange } = this.#parts;
    const request = { text: input.text, setup: setup.key };
    if (this.#requests.isUnderWay(request)) return;
    const quiet = new QuietStart(() => {
      status.set('running', 'Annotating');
      onChange();
    });
    // Of what it replaces, nobody says how it ended.
    if (this.#requests.running && !this.#edited?.isQuiet) quiet.speak();
    const run = this.#desk.isOpen ? this.#runEdited : this.#run;
    const done = this.#requests.run(request, (signal) => run.call(this, request, signal, quiet));
    this.#edited = quiet;
    await done;
    quiet.end();
    if (this.#edited === quiet) this.#edited = null;
    onChange();
  }

  /**
   * @param {{ text: string, setup: string }} request
   * @param {AbortSignal} signal
   * @param {QuietStart} [edited] the run is of a text that has been edited since it was shown
   */
  async #run({ text, setup: key }, signal, edited) {
    const { setup, form, status } = this.#parts;
    const { mode } = setup;
    try {
      const { options, annotate } = form.read();
      const onProgress = (/** @type {import('../glossa/index.js').AnnotateProgress} */ event) => {
        if (!edited?.isQuiet) status.showProgress(event);
      };
      const how = { setup: key, mode, annotate, signal, onProgress, reuseWindows: text.length <= LONGEST_IN_BOX };
      if (!text.trim()) {
        await this.#show({ text, ...ofBlankText(how) }, signal, edited);
        return;
      }
      const annotators = await this.#loadAll(options, signal, edited ? '' : 'Annotating');
      const result = await annotateByAll(annotators, text, how);
      // Documents may have taken its place meanwhile.
      if (!isReplaced(signal) && !this.#desk.isOpen) await this.#show({ text, ...result }, signal, edited);
    } catch (error) {
      if (isReplaced(signal) || (this.#desk.isOpen && !signal.aborted)) return;
      this.#conclude(...this.#failure('Not annotated', error, signal));
    }
  }

  /** @param {string} key the set-up's */
  async #annotateAll(key) {
    await this.#desk.takeBox();
    const request = { text: ALL_DOCUMENTS, setup: key };
    if (this.#requests.isRunning(request) && this.#desk.isGoing) this.#desk.goOn(key);
    else await this.#requests.run(request, (signal) => this.#runAll(key, signal), { keepsOpening: true });
  }

  /**
   * Annotates the document of the list whose text has been edited.
   * @param {{ setup: string }} request
   * @param {AbortSignal} signal
   */
  async #runEdited({ setup }, signal) {
    await this.#desk.takeBox();
    if (!isReplaced(signal)) await this.#runAll(setup, signal, { isOfEdit: true });
  }

  /**
   * @param {string} key the set-up's
   * @param {AbortSignal} signal
   * @param {{ isOfEdit?: boolean }} [how] `isOfEdit`: only documents whose texts have been edited, quietly
   */
  async #runAll(key, signal, { isOfEdit = false } = {}) {
    const { setup, form } = this.#parts;
    const { mode } = setup;
    let outcome;
    try {
      const { options, annotate } = form.read();
      if (isOfEdit ? this.#desk.beginChanged(key) : await this.#desk.begin(key)) {
        const annotators = await this.#loadAll(options, signal);
        const how = { setup: key, mode, annotate, signal, reuseWindows: isOfEdit };
        const one = (/** @type {string} */ text) => annotateByAll(annotators, text, how);
        const endsAll = (/** @type {unknown} */ error) => OF_ALL_DOCUMENTS.includes(known(error).code);
        const entities = annotators.flatMap(({ info }) => renamed(info.entities, annotate, []));
        await this.#desk.run(one, endsAll, [...new Set(entities)], signal, { isOfEdit });
      }
      outcome = this.#found();
    } catch (error) {
      if (isReplaced(signal)) return;
      outcome = this.#failure('Not annotated', error, signal);
    }
    if (isReplaced(signal)) return;
    await this.#desk.end();
    if (!isReplaced(signal)) this.#conclude(...outcome);
  }

  /**
   * Loads the model that is chosen and those beside it, and says what is to be known of them.
   * @param {LoadOptions} options
   * @param {AbortSignal} signal
   * @param {string} [words] what is said if all are in memory
   */
  async #loadAll(options, signal, words) {
    const { setup, status } = this.#parts;
    const { models } = setup;
    this.#models.most = models.length;
    if (!models.every((model) => this.#models.has(model, options))) status.set('loading', 'Starting the engine');
    else if (words) status.set('running', words);
    const annotators = [];
    for (const model of models) annotators.push(await this.#load(model, options, signal));
    status.addNotes(annotators.flatMap(({ info }) => info.warnings.map(sentence)));
    return annotators;
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
   * Opens what `read` finds, and has it annotated if there is a text. What cannot be opened changes nothing.
   * @param {string} failed
   * @param {() => Promise<Brought>} read
   */
  #open(failed, read) {
    // What is brought to documents comes to them, one after the other; otherwise the last that is opened counts.
    const isToWait = this.#desk.isOpen || this.#taking !== null;
    const [before, cancels] = [this.#opening, this.#cancels];
    this.#opening = (async () => {
      if (isToWait) await before;
      if (cancels === this.#cancels) await this.#openNow(failed, read);
    })();
    return this.#opening;
  }

  /**
   * @param {string} failed
   * @param {() => Promise<Brought>} read
   */
  #openNow(failed, read) {
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
      } finally {
        if (this.#taking === signal) this.#taking = null;
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
    if (kind === 'documents') {
      await this.#takeDocuments(brought.files, signal);
      return;
    }
    let ready = `${name} is loaded when you annotate.`;
    if (kind === 'pipeline') {
      const pipeline = await readPipeline(brought.file, { signal });
      refuseIfAborted(signal);
      setup.write(pipeline);
      ready = `${name} is set up. Its model is loaded when you annotate.`;
    } else {
      this.#add(name, brought.model);
    }
    onChange();
    if (!this.#desk.isOpen && !input.text.trim()) {
      this.#requests.replace();
      status.set('idle', ready);
      return;
    }
    void this.annotate();
  }

  /**
   * Takes documents: one alone into the text box, a second and all after it into a list.
   * @param {PathAndFile[]} files
   * @param {AbortSignal} signal
   */
  async #takeDocuments(files, signal) {
    const { input, status, onChange } = this.#parts;
    if (files.length > 1) this.#taking = signal;
    const { only, all } = await readAhead(readDocuments(files));
    refuseIfAborted(signal);
    if (only?.problem) throw only.problem;
    const { text } = input;
    const isOfFile = this.#opened?.text === text && text.trim() !== '';
    const before = this.#opened && isOfFile && !this.#desk.isOpen ? [{ ...this.#opened, decisions: this.judge.ofText(text) }] : [];
    let notes = only?.notes ?? [];
    // The same file again is no second document.
    if (only && !this.#desk.isOpen && (!isOfFile || only.text === text)) {
      this.#opened = only;
      input.text = only.text;
      onChange();
    } else {
      const draft = isOfFile || Object.values(EXAMPLES).includes(text) ? '' : text;
      const onTaken = (/** @type {number} */ count) => {
        if (!this.#requests.running) status.set('loading', 'Opening', { detail: `: ${counted(count, 'document')}` });
      };
      this.#taking = signal;
      notes = await this.#desk.take(inSequence(before, all), { known: before.length, draft }, signal, onTaken);
      this.#opened = null;
      refuseIfAborted(signal);
    }
    void this.annotate();
    status.note(...notes);
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
   * @param {QuietStart} [edited] what is shown is of the text before an edit
   */
  async #show(annotation, signal, edited) {
    const { results, onChange } = this.#parts;
    const { text } = annotation;
    const given = this.#opened?.text === text ? this.#opened.given : undefined;
    const decisions = this.judge.ofText(text, results.shown?.text);
    await results.show({ ...annotation, given, decisions }, { edited: edited !== undefined });
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
    if (this.#desk.isOpen) return ['done', `${this.#desk.summary}. The texts did not leave this tab.`];
    const { message, detail } = this.#parts.results.summary;
    return ['done', message, { detail }];
  }

  /** @returns {Outcome} */
  #cancelled() {
    if (!this.#desk.isOpen) return ['cancelled', 'Cancelled. Your text is as you left it.'];
    return ['cancelled', `Cancelled: ${this.#desk.summary}. “Annotate all” does the rest.`];
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
    if (signal?.aborted) return this.#cancelled();
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
